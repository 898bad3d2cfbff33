import Glibc
import NIOCore
import Replication
import Routing
import Storage

/// Commands that look at the whole node or cluster.
extension ConnectionHandler {
    func executeCLUSTER(_ bytes: UnsafeRawBufferPointer) {
        let state = loop.state
        let words = (1..<arguments.count).map { word($0, bytes) }
        let replies = ClusterReplies(
            config: state.config,
            map: state.map,
            own: state.address,
            leaders: state.leaders.enumerated().map { $1 ?? state.config.shards[$0].address },
            version: respVersion
        )
        if words[0].lowercased() == "countkeysinslot", let store = state.store {
            return runBlocking({ () -> [UInt8] in
                var reply: [UInt8] = []
                replies.append(words, countKeys: { Int(store.counts(of: $0...$0)[0].keys) }, to: &reply)
                return reply
            }) { $0.output.writeBytes($1) }
        }
        var reply: [UInt8] = []
        replies.append(words, countKeys: { _ in 0 }, to: &reply)
        output.writeBytes(reply)
    }

    func executeCOMMAND(_ bytes: UnsafeRawBufferPointer) {
        var reply: [UInt8] = []
        let words = (1..<max(1, arguments.count)).map { Array(arguments.bytes($0, in: bytes)) }
        CommandTable.append(words, version: respVersion, to: &reply)
        output.writeBytes(reply)
    }

    func executeDBSIZE() {
        guard let store = loop.state.store else { return output.writeRESPInteger(0) }
        runBlocking({ store.total().keys }) { $0.output.writeRESPInteger(Int64(clamping: $1)) }
    }

    func executeINFO(_ bytes: UnsafeRawBufferPointer) {
        let sections = (1..<max(1, arguments.count)).map { word($0, bytes) }
        let state = loop.state
        let control = loop.control
        let metrics = loop.metrics
        let version = respVersion
        let commands = loop.commandCount
        runBlocking({ () -> [UInt8] in
            var fields = InfoFields(state: state, status: control.status(), reading: metrics.reading())
            fields.commands = commands
            var reply: [UInt8] = []
            InfoReply.append(sections, fields: fields, version: version, to: &reply)
            return reply
        }) { $0.output.writeBytes($1) }
    }

    func executeSCAN(_ bytes: UnsafeRawBufferPointer) {
        guard let cursor = UInt64(word(1, bytes)) else { return output.writeRESPError("ERR invalid cursor") }
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
        guard let store = state.store else { return writeScan(KeyScan.Page(cursor: 0, keys: [])) }
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
                    owns: state.owns,
                    matches: { key in typeMatches && (pattern.map { GlobPattern.matches($0[...], key) } ?? true) }
                )
                return .success(page)
            } catch {
                return .failure(error)
            }
        }) { connection, result in
            switch result {
            case .success(let page): connection.writeScan(page)
            case .failure(let error): connection.output.writeRESPError("ERR \(error.message)")
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
        guard let store = state.store else { return output.writeRESPArray(count: 0) }
        let now = passNow
        runBlocking({
            KeyListing.page(
                store,
                state,
                prefix: [],
                limit: .max,
                after: nil,
                now: now,
                matches: { GlobPattern.matches(pattern[...], $0) }
            )
        }) { connection, result in
            switch result {
            case .success(let page):
                connection.output.writeRESPArray(count: page.keys.count)
                for key in page.keys { key.withUnsafeBytes { connection.output.writeRESPBulk($0) } }
            case .failure(let error): connection.output.writeRESPError("ERR \(error.message)")
            }
        }
    }

    /// A follower asks for the log: the connection carries peer frames from here on.
    /// - Returns: whether the command was that.
    func beginReplication(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard word(0, bytes).uppercased() == PeerHello.command else { return false }
        let words = (1..<arguments.count).map { Array(arguments.bytes($0, in: bytes)) }
        guard let store = loop.state.store, loop.state.isLeader else {
            output.writeRESPError(
                "ERR \(loop.state.address) does not lead \(loop.state.shardName) now (\(loop.state.phase.rawValue))"
            )
            return true
        }
        do throws(ReplicationError) {
            replication = (try PeerHello(arguments: words), store)
            isBlocked = true
        } catch {
            output.writeRESPError("ERR \(error)")
        }
        return true
    }

    /// Replaces this handler by the one of peer streams; bytes already read go along.
    func switchToReplication() {
        guard let (hello, store) = replication, let context else { return }
        replication = nil
        output.writeRESPOK()
        let answer = output
        output = ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        let state = loop.state
        let peer = PeerStreamHandler(
            store: store,
            loop: loop,
            hello: hello,
            identity: .init(
                cluster: state.config.name,
                shard: state.shardName,
                term: store.lock.withLock { store.term },
                engine: store.engine.kind.rawValue
            )
        )
        let rest = input
        input = ByteBuffer()
        do {
            try context.pipeline.syncOperations.addHandler(peer)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            if rest.readableBytes > 0 { peer.receive(rest) }
        } catch {
            context.close(promise: nil)
        }
    }
}

extension InfoFields {
    init(state: ServingState, status: NodeStatus, reading: NodeMetrics.Reading) {
        self.init()
        shoalVersion = status.version
        cluster = status.cluster
        shard = status.shard
        address = state.address
        engine = status.engine
        durability = status.durability
        processID = getpid()
        uptimeSeconds = UInt64(max(0, status.uptimeSeconds))
        connections = reading.connections
        operationsPerSecond = UInt64(max(0, status.opsPerSecond.read + status.opsPerSecond.write))
        isLeader = state.isLeader
        if !state.isLeader, let index = state.shardIndex { leader = state.leader(ofShard: index) }
        isLinked = status.state == .running
        secondsSinceLeader = UInt64(max(0, status.lag.milliseconds / 1000))
        sequence = Position(status.position)?.sequence ?? 0
        keys = UInt64(max(0, status.keys))
        slots = state.shardIndex.map { state.map.slotCount(ofShard: $0) } ?? 0
        mapVersion = state.map.version
        if let store = state.store { memoryBytes = UInt64(max(0, store.figures().hotBytes)) }
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            userSeconds = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
            systemSeconds = Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1e6
            residentBytes = UInt64(usage.ru_maxrss) * 1024
        }
    }
}
