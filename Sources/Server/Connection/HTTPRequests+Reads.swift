import Model
import NIOCore
import Routing
import Storage

/// Values over HTTP: who may answer a read, and how old its state may be.
extension HTTPRequests {
    /// `/get`: the leader answers, and any replica of the key's shard, which then says how old its state may be.
    func get(_ key: [UInt8], _ isAny: Bool, _ maxLag: Int?, _ request: HTTPRequest) throws(HTTPError) {
        let slot = key.withUnsafeBytes { KeySlot.slot(of: $0) }
        let state = connection.loop.state
        if state.store == nil, state.owns(slot) || state.isLeader, state.otherLeader(ofSlot: slot) == nil {
            throw unavailable()
        }
        let intent = Admission.Intent.replicaRead(maxAge: maxLag.map { UInt64(max(0, $0)) })
        try read(key, slot, intent, request, etag: false, isAny: isAny)
    }

    /// Any replica of the key's shard will do: to the next one that is fresh. It looks at `max_lag_ms` itself, and sends the
    /// client on to the leader if it has to.
    func redirectToReplica(_ slot: UInt16, _ request: HTTPRequest) throws(HTTPError) {
        let shard = connection.loop.state.map.owner(of: slot)
        guard
            let replica = connection.loop.turns.next(
                ofShard: shard,
                connection.loop.state.freshReplicas(ofShard: shard)
            )
        else {
            return try redirect(slot, request)
        }
        HTTPResponse.writeRedirect(to: "\(replica)", request, into: &connection.output)
    }

    /// `/kv/{key}`: linearizable, so the leader alone answers.
    func kvGet(_ key: [UInt8], _ request: HTTPRequest) throws(HTTPError) {
        let slot = key.withUnsafeBytes { KeySlot.slot(of: $0) }
        try read(key, slot, .leaderRead, request, etag: true)
    }

    private func read(
        _ key: [UInt8],
        _ slot: UInt16,
        _ intent: Admission.Intent,
        _ request: HTTPRequest,
        etag: Bool,
        isAny: Bool = false
    ) throws(HTTPError) {
        guard var session = connection.makeSession() else { return try answerWithoutShard(slot, request, isAny: isAny) }
        if let failure = KeyFetch.takeFailure(of: connection) { throw HTTPError(failure) }
        let store = session.store
        let node = Admission.NodeView(connection.loop.state, connection.loop.control)
        let epoch = store.readEpoch
        let isFree = connection.queue.marks.isEmpty && Admission(freely: slot, node, store).decide(intent) == .serve
        if !isFree {
            store.lock.lock()
            session.isLocked = true
            let decision = Admission(slot, intent, node, store, session.port).decide(intent)
            guard decision == .serve else {
                store.lock.unlock()
                return try answer(decision, slot, request, isAny: isAny)
            }
            session.awaitWhatWasSeen()
        }
        connection.passReads += 1
        connection.loop.heat.note(slot)
        let start = connection.output.writerIndex
        let found = key.withUnsafeBytes { bytes in
            session.key = ShardKey(bytes, slot: slot)
            return Result { () throws(StorageError) in
                try writeValue(&session, request, etag: etag, age: node.age)
            }
        }
        if !isFree { store.lock.unlock() }
        connection.passEngineReads = session.engineReads
        connection.settle(&session.effects, replyAt: start)
        let state: KeyState
        switch found {
        case .success(let found): state = found
        case .failure(let error): throw HTTPError(error)
        }
        if state == .cold {
            connection.passReads -= 1
            coldKey = key
            return
        }
        // Asked after the read: the process may have been stopped in the middle of it.
        if connection.loop.state.isLeader, !store.isLeaderNow {
            connection.output.moveWriterIndex(to: start)
            throw noLeader(connection.loop.state.map.owner(of: slot))
        }
        if isFree, store.readEpoch != epoch {
            // What it went by has changed meanwhile.
            connection.output.moveWriterIndex(to: start)
            return try read(key, slot, intent, request, etag: etag, isAny: isAny)
        }
    }

    /// Writes the response to a read, unless the key has to be fetched first.
    /// - Parameter age: of a replica's data, in milliseconds.
    private func writeValue(
        _ session: inout ShardSession,
        _ request: HTTPRequest,
        etag: Bool,
        age: UInt64?
    ) throws(StorageError) -> KeyState {
        defer { session.store.leave(session.port) }
        let age = age.map { Int(clamping: $0) }
        let state = try session.find(session.key) { value in
            HTTPResponse.writeValue(
                value.bytes,
                etag: etag ? value.version : nil,
                replicaLagMilliseconds: age,
                request.connection,
                headOnly: request.method == .head,
                into: &connection.output
            )
        }
        if state == .absent {
            HTTPResponse.writeNotFoundEmpty(replicaLagMilliseconds: age, request.connection, into: &connection.output)
        }
        session.count(state)
        return state
    }
}
