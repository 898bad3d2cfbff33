import NIOCore
import Routing
import Storage

/// Commands that look at the whole node or cluster.
extension ConnectionHandler {
    func executeCLUSTER(_ bytes: UnsafeRawBufferPointer) {
        let state = loop.state
        let words = (1..<arguments.count).map { word($0, bytes) }
        let version = respVersion
        let subcommand = words[0].lowercased()
        if words.count == 1, TopologyCache.keeps(subcommand) { return writeTopology(subcommand, version) }
        let replies = ClusterReplies(state, version: version)
        if words.count == 2, subcommand == "countkeysinslot" {
            guard let store = readableStore() else { return }
            return runBlocking({ () -> [UInt8] in
                var reply: [UInt8] = []
                let owned = store.ownedSlots()?.slots
                replies.append(
                    words,
                    countKeys: { owned?.contains($0) ?? true ? Int(store.counts(of: $0...$0)[0].keys) : 0 },
                    to: &reply
                )
                return reply
            }) { $0.output.writeBytes($1) }
        }
        var reply: [UInt8] = []
        replies.append(words, countKeys: { _ in 0 }, to: &reply)
        output.writeBytes(reply)
    }

    private func writeTopology(_ subcommand: String, _ version: Int) {
        let state = loop.state
        let cache = loop.topology
        let view = TopologyCache.View(state)
        if let reply = cache.reply(to: subcommand, version: version, view) {
            output.writeImmutableBuffer(reply)
            return
        }
        runBlocking(
            usesStore: false,
            { () -> ByteBuffer in
                var reply: [UInt8] = []
                ClusterReplies(state, version: version).append([subcommand], countKeys: { _ in 0 }, to: &reply)
                let buffer = ByteBuffer(bytes: reply)
                cache.keep(buffer, to: subcommand, version: version, view)
                return buffer
            }
        ) { connection, reply in _ = connection.output.writeImmutableBuffer(reply) }
    }

    /// The open shard, for a command that looks at all of it; nil when the refusal has been answered.
    private func readableStore() -> ShardStore? {
        let state = loop.state
        guard let store = state.store else {
            writeNotServing()
            return nil
        }
        if let failure = store.failed {
            output.writeRESPError(failure)
            return nil
        }
        guard state.isLeader || !store.holdsNoState else {
            writeTakingCopy()
            return nil
        }
        return store
    }

    func executeCOMMAND(_ bytes: UnsafeRawBufferPointer) {
        var reply: [UInt8] = []
        let words = (1..<max(1, arguments.count)).map { Array(arguments.bytes($0, in: bytes)) }
        CommandTable.append(words, version: respVersion, to: &reply)
        output.writeBytes(reply)
    }

    func executeDBSIZE() {
        guard let store = readableStore() else { return }
        let state = loop.state
        let now = passNow
        runBlocking({ () -> Result<UInt64, StorageError> in
            let counts = store.slotCounts()
            // A copied folder holds slots of others too, until it is cleaned.
            let shows = state.shows(store)
            let sum = counts.indices.reduce(0) { shows(UInt16($1)) ? $0 + counts[$1].keys : $0 }
            do throws(StorageError) {
                let expired = try store.expiredKeys(now: now, shows: shows)
                return .success(sum - min(sum, expired))
            } catch {
                return .failure(error)
            }
        }) { connection, result in
            switch result {
            case .success(let keys): connection.output.writeRESPInteger(Int64(clamping: keys))
            case .failure(let error): connection.output.writeRESPError(error)
            }
        }
    }

    func executeINFO(_ bytes: UnsafeRawBufferPointer) {
        let sections = (1..<max(1, arguments.count)).map { word($0, bytes) }
        let state = loop.state
        let control = loop.control
        let metrics = loop.metrics
        let version = respVersion
        let loops = loop.siblings
        runBlocking({ () -> [UInt8] in
            var fields = InfoFields(state: state, status: control.status(), metrics: metrics)
            // A loop that has ended serves nobody.
            fields.replicas = loops.flatMap { loop in (try? loop.eventLoop.submit { loop.followers }.wait()) ?? [] }
            var reply: [UInt8] = []
            InfoReply.append(sections, fields: fields, version: version, to: &reply)
            return reply
        }) { $0.output.writeBytes($1) }
    }

    func executeSCAN(_ bytes: UnsafeRawBufferPointer) {
        guard let cursor = KeyScan.cursor(arguments.bytes(1, in: bytes)) else {
            return output.writeRESPError("ERR invalid cursor")
        }
        var count = 10
        var pattern: [UInt8]?
        var typeMatches = true
        var index = 2
        while index < arguments.count {
            guard index + 1 < arguments.count else { return output.writeRESPError(SetOptions.syntaxError) }
            switch word(index, bytes).uppercased() {
            case "COUNT":
                guard let number = RESPInteger.parse(arguments.bytes(index + 1, in: bytes)) else {
                    return output.writeRESPError("ERR value is not an integer or out of range")
                }
                guard number > 0 else { return output.writeRESPError(SetOptions.syntaxError) }
                count = min(Int(number), KeyScan.countMax)
            case "MATCH": pattern = Array(arguments.bytes(index + 1, in: bytes))
            case "TYPE": typeMatches = word(index + 1, bytes).lowercased() == "string"
            default: return output.writeRESPError(SetOptions.syntaxError)
            }
            index += 2
        }
        scan(cursor, count, pattern, typeMatches: typeMatches)
    }

    private func scan(_ cursor: UInt64, _ count: Int, _ pattern: [UInt8]?, typeMatches: Bool) {
        let state = loop.state
        guard let store = readableStore() else { return }
        let now = passNow
        runBlocking({ () -> Result<KeyScan.Page, StorageError> in
            do throws(StorageError) {
                let snapshot = try store.snapshot()
                defer { snapshot.close() }
                let page = try KeyScan.page(
                    snapshot,
                    cursor: cursor,
                    count: count,
                    now: now,
                    counts: store.slotCounts(),
                    owns: state.shows(store),
                    matches: { key in typeMatches && (pattern.map { GlobPattern.matches($0[...], key) } ?? true) }
                )
                return .success(page)
            } catch {
                return .failure(error)
            }
        }) { connection, result in
            switch result {
            case .success(let page): connection.writeScan(page)
            case .failure(let error): connection.output.writeRESPError(error)
            }
        }
    }

    private func writeScan(_ page: KeyScan.Page) {
        output.writeRESPArray(count: 2)
        output.writeRESPBulk(String(page.cursor))
        output.writeRESPArray(count: page.keys.count)
        for key in page.keys { key.withUnsafeBytes { output.writeRESPBulk($0) } }
    }

    func executeKEYS(_ bytes: UnsafeRawBufferPointer) {
        let pattern = Array(arguments.bytes(1, in: bytes))
        let state = loop.state
        guard let store = readableStore() else { return }
        let now = passNow
        runBlocking({
            KeyListing.page(
                store,
                state,
                prefix: [],
                limit: .max,
                bytesMax: ConnectionHandler.replyBytesMax,
                after: nil,
                now: now,
                matches: { GlobPattern.matches(pattern[...], $0) }
            )
        }) { connection, result in
            switch result {
            case .success(let page) where page.hasMore: connection.writeReplyTooLong("use SCAN")
            case .success(let page):
                connection.output.writeRESPArray(count: page.keys.count)
                for key in page.keys { key.withUnsafeBytes { connection.output.writeRESPBulk($0) } }
            case .failure(let error): connection.output.writeRESPError(error)
            }
        }
    }
}
