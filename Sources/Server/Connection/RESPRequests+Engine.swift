import Model
import Storage

/// Commands whose keys only the engine has: they pause until these are in memory.
extension RESPRequests {
    /// The command at the beginning of the rest of `input` can't go on now. Without the store's lock.
    func pause(for outcome: CommandOutcome, _ arguments: Arguments, _ pass: inout StorePass) {
        if outcome == .needsTurn { return connection.goOnLater() }
        guard var session = pass.session, let command = RESPCommand.lookup(arguments[0]) else { return }
        defer { pass.session = session }
        let first = session.progress?.next ?? command.firstKey
        fetchAttempts = fetchPlace == first ? fetchAttempts + 1 : 1
        fetchPlace = first
        guard fetchAttempts <= KeyFetch.attemptsMax else {
            return fail(StorageError(.engine, "memory is too small for what is read: keys leave it at once"))
        }
        let last = command.lastKey < 0 ? arguments.count + command.lastKey : command.lastKey
        // The second time only the one that was missed: the others may have pushed it out again.
        let limit = fetchAttempts > 1 ? 1 : KeyFetch.keysMax
        let places = stride(from: first, through: last, by: max(1, command.step)).prefix(limit)
        let store = session.store
        do throws(StorageError) {
            for place in places where session.mayReadEngine {
                session.engineReads += 1
                let key = arguments[place]
                let view = try store.view(of: session.port)
                try store.fetch(slot: KeySlot.slot(of: key), key: key, view: view, now: session.now)
                if place == last || limit == 1 { return }
            }
        } catch {
            return fail(error)
        }
        KeyFetch.begin(places.map { Array(arguments[$0]) }, from: store, for: connection)
    }

    private func fail(_ error: StorageError) { connection.fetchFailure = error }
}
