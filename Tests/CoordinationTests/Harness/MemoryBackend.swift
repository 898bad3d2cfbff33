import Coordination
import Model
import Routing
import Synchronization
import TestSupport

/// A coordinator in memory that loses what it is sent and what it says, or does it late, as a seed has it.
final class MemoryBackend: CoordinatorBackend {
    typealias Entries = [String: CoordinatorEntry]

    private struct Transaction {
        var compares: [CoordinatorCompare]
        var operations: [CoordinatorOperation]
    }

    private struct State {
        var random: SplitMix
        var isFaulty = true
        /// By revision, from 0.
        var past: [Entries] = [[:]]
        var sessions: Set<String> = []
        var nextSession = 1
        /// Not answered, and done before some later call.
        var late: [Transaction] = []
        var watch: CoordinatorWatch?
        /// The watch has missed something, and knows.
        var isWatchBroken = false

        var revision: UInt64 { UInt64(past.count - 1) }
        var entries: Entries { past[past.count - 1] }
        mutating func chance(_ percent: Int) -> Bool { isFaulty && Int.random(in: 0..<100, using: &random) < percent }
    }

    private let state: Mutex<State>
    private static let noAnswer = CoordinationError(.unavailable, "no answer")

    init(seed: UInt64) { state = Mutex(State(random: SplitMix(seed: seed))) }

    var kind: CoordinatorKind { .local }
    var place: String { "memory" }

    // MARK: For the test

    /// What was there at every revision.
    var past: [Entries] { state.withLock { $0.past } }
    func hasSession(_ id: String) -> Bool { state.withLock { $0.sessions.contains(id) } }

    /// From now on everything works; what was on its way is done.
    func heal() {
        state.withLock { state in
            while !state.late.isEmpty { Self.doLate(&state) }
            state.isFaulty = false
            Self.mendWatch(&state)
        }
    }

    /// A session's time is over.
    func expire(_ id: String) { state.withLock { Self.end(id, &$0) } }

    // MARK: Calls

    func grantSession(ttl: UInt64, timeout: Duration) async throws(CoordinationError) -> SessionLease {
        try call { state in
            let id = "\(state.nextSession)"
            state.nextSession += 1
            state.sessions.insert(id)
            return .success(SessionLease(id: id, sentAt: 0, ttl: ttl))
        }
    }

    func renewSession(_ id: String, timeout: Duration) async throws(CoordinationError) -> SessionLease {
        try call { state in
            guard state.sessions.contains(id) else { return .failure(CoordinationError(.sessionEnded, "over")) }
            return .success(SessionLease(id: id, sentAt: 0, ttl: 1))
        }
    }

    func endSession(_ id: String, timeout: Duration) async throws(CoordinationError) {
        try call { state in .success(Self.end(id, &state)) }
    }

    func read(_ prefix: String, isExact: Bool, timeout: Duration) async throws(CoordinationError) -> CoordinatorRange {
        try call { state in
            let found = state.entries.values.filter { isExact ? $0.key == prefix : $0.key.hasPrefix(prefix) }
            return .success(CoordinatorRange(entries: found.sorted { $0.key < $1.key }, revision: state.revision))
        }
    }

    func transact(
        _ compares: [CoordinatorCompare],
        _ operations: [CoordinatorOperation],
        reading: [String],
        timeout: Duration
    ) async throws(CoordinationError) -> CoordinatorOutcome {
        let transaction = Transaction(compares: compares, operations: operations)
        // Where nothing is written, there is nothing to be uncertain of.
        let lost = operations.isEmpty ? Self.noAnswer : CoordinationError(.unknownOutcome, "no answer")
        let result = state.withLock { state -> Result<CoordinatorOutcome, CoordinationError> in
            if state.chance(50) { Self.doLate(&state) }
            if state.chance(5) { return .failure(Self.noAnswer) }
            if state.chance(10) {
                if state.chance(60), !operations.isEmpty { state.late.append(transaction) }
                return .failure(lost)
            }
            let read = Dictionary(
                uniqueKeysWithValues: reading.compactMap { key in state.entries[key].map { (key, $0) } }
            )
            let outcome = Self.execute(transaction, read: read, &state)
            return state.chance(10) ? .failure(lost) : outcome
        }
        return try result.get()
    }

    func watch(_ prefix: String) -> CoordinatorWatch {
        let watch = CoordinatorWatch(prefix: prefix)
        state.withLock { state in
            state.watch = watch
            state.isWatchBroken = true
            Self.mendWatch(&state)
        }
        return watch
    }

    func close() async { state.withLock { $0.watch }?.cancel() }

    private func call<T>(_ body: (inout State) -> Result<T, CoordinationError>) throws(CoordinationError) -> T {
        let result = state.withLock { state -> Result<T, CoordinationError> in
            if state.chance(50) { Self.doLate(&state) }
            if state.chance(10) { return .failure(Self.noAnswer) }
            let result = body(&state)
            return state.chance(10) ? .failure(Self.noAnswer) : result
        }
        return try result.get()
    }

    // MARK: What is done

    private static func doLate(_ state: inout State) {
        guard !state.late.isEmpty else { return }
        let index = Int.random(in: 0..<state.late.count, using: &state.random)
        // Nobody waits for what comes of it.
        _ = execute(state.late.remove(at: index), read: [:], &state)
    }

    private static func execute(
        _ transaction: Transaction,
        read: Entries,
        _ state: inout State
    ) -> Result<CoordinatorOutcome, CoordinationError> {
        let holds = transaction.compares.allSatisfy { compare in
            switch compare {
            case .revision(let key, let revision): state.entries[key]?.revision == revision
            case .present(let key): state.entries[key] != nil
            case .absent(let key): state.entries[key] == nil
            }
        }
        guard holds else {
            var current = read
            for compare in transaction.compares { current[compare.key] = state.entries[compare.key] }
            return .success(.conflict(revision: state.revision, current: current))
        }
        var entries = state.entries
        var changes: [CoordinatorWatch.Change] = []
        for operation in transaction.operations {
            switch operation {
            case .put(let key, let value, let session):
                if let session, !state.sessions.contains(session) {
                    return .failure(CoordinationError(.sessionEnded, "over"))
                }
                let entry = CoordinatorEntry(key: key, value: value, revision: state.revision + 1, session: session)
                entries[key] = entry
                changes.append(.put(entry))
            case .delete(let key):
                entries[key] = nil
                changes.append(.deleted(key: key, revision: state.revision + 1))
            }
        }
        if !changes.isEmpty { commit(entries, changes, &state) }
        return .success(.committed(revision: state.revision, read: read))
    }

    private static func end(_ id: String, _ state: inout State) {
        guard state.sessions.remove(id) != nil else { return }
        let gone = state.entries.values.filter { $0.session == id }.map(\.key).sorted()
        var entries = state.entries
        for key in gone { entries[key] = nil }
        let revision = state.revision + 1
        commit(entries, gone.map { .deleted(key: $0, revision: revision) }, &state)
    }

    private static func commit(_ entries: Entries, _ changes: [CoordinatorWatch.Change], _ state: inout State) {
        state.past.append(entries)
        if state.isWatchBroken {
            if state.chance(50) { mendWatch(&state) }
        } else if state.chance(20) {
            state.isWatchBroken = true
            state.watch?.interrupt(noAnswer)
        } else {
            state.watch?.apply(changes, revision: state.revision)
        }
    }

    private static func mendWatch(_ state: inout State) {
        guard state.isWatchBroken else { return }
        state.isWatchBroken = false
        let entries = state.entries.values.sorted { $0.key < $1.key }
        state.watch?.replace(with: CoordinatorRange(entries: entries, revision: state.revision))
    }
}
