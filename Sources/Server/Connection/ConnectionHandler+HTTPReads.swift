import NIOCore
import Routing
import Storage

/// Values over HTTP: who may answer a read, and how old its state may be.
extension ConnectionHandler {
    /// `/get`: the leader answers, and any replica of the key's shard, which then says how old its state may be.
    func get(
        _ key: [UInt8],
        _ isAny: Bool,
        _ maxLag: Int?,
        _ request: HTTPRequest
    ) throws(HTTPError) {
        let slot = key.withUnsafeBytes { KeySlot.slot(of: $0) }
        let state = loop.state
        guard state.owns(slot) || state.isLeader else {
            return try isAny ? redirectToReplica(slot, request) : redirect(slot, request)
        }
        guard state.store != nil else {
            guard state.otherLeader(ofSlot: slot) != nil else { throw unavailable() }
            return try redirect(slot, request)
        }
        if state.isAboutToLead { return waitAtTheDoor() }
        var lag: Int?
        if !state.isLeader {
            let staleness = loop.control.stalenessMilliseconds
            guard let staleness else { return try redirect(slot, request) }
            if let maxLag, staleness > UInt64(maxLag) { return try redirect(slot, request) }
            lag = Int(clamping: staleness)
        }
        try read(key, slot, request, etag: false, lag: lag, isAny: isAny)
    }

    /// Any replica of the key's shard will do: to the next one that is fresh. It looks at `max_lag_ms` itself, and sends the
    /// client on to the leader if it has to.
    private func redirectToReplica(_ slot: UInt16, _ request: HTTPRequest) throws(HTTPError) {
        let shard = loop.state.map.owner(of: slot)
        guard let replica = loop.turns.next(ofShard: shard, loop.state.freshReplicas(ofShard: shard)) else {
            return try redirect(slot, request)
        }
        HTTPResponse.writeRedirect(to: "\(replica)", request, into: &output)
    }

    /// `/kv/{key}`: linearizable, so the leader alone answers.
    func kvGet(_ key: [UInt8], _ request: HTTPRequest) throws(HTTPError) {
        let slot = key.withUnsafeBytes { KeySlot.slot(of: $0) }
        if loop.state.owns(slot), loop.state.isAboutToLead { return waitAtTheDoor() }
        guard loop.state.isLeader else { return try redirect(slot, request) }
        try read(key, slot, request, etag: true, lag: nil)
    }

    private func read(
        _ key: [UInt8],
        _ slot: UInt16,
        _ request: HTTPRequest,
        etag: Bool,
        lag: Int?,
        isAny: Bool = false
    ) throws(HTTPError) {
        guard let store = loop.state.store, let port = loop.port else { throw unavailable() }
        if let failure = takeFetchFailure() { throw HTTPError(failure) }
        passReads += 1
        let epoch = store.readEpoch
        let isPlain = marks.isEmpty && (lag == nil ? servesPlainly(slot, store) : store.showsReads(slot))
        if !isPlain {
            store.lock.lock()
            guard try admitRead(slot, store, port, request, lag: lag, isAny: isAny) else { return store.lock.unlock() }
        }
        loop.heat.note(slot)
        let start = output.writerIndex
        if !isPlain, let number = store.awaitPending(port) { hold(for: number, isWrite: false) }
        let outcome = key.withUnsafeBytes { bytes in
            Result { () throws(StorageError) in
                try read(slot, bytes, store, isPlain ? .visible(port) : .newest) { value in
                    HTTPResponse.writeValue(
                        value.bytes,
                        etag: etag ? value.version : nil,
                        replicaLagMilliseconds: lag,
                        request.connection,
                        headOnly: request.method == .head,
                        into: &output
                    )
                }
            }
        }
        if !isPlain { store.lock.unlock() }
        let state: KeyState
        switch outcome {
        case .success(let found): state = found
        case .failure(let error): throw HTTPError(error)
        }
        if state == .cold {
            passReads -= 1
            coldKey = key
            return
        }
        // Asked behind the read: the process may have been stopped in the middle of it.
        if loop.state.isLeader, !store.leadsNow {
            output.moveWriterIndex(to: start)
            throw noLeader(loop.state.map.owner(of: slot))
        }
        if isPlain, store.readEpoch != epoch {
            // What it went by has changed meanwhile.
            output.moveWriterIndex(to: start)
            return try read(key, slot, request, etag: etag, lag: lag, isAny: isAny)
        }
        countRead(isFound: state == .present)
        if state == .absent {
            HTTPResponse.writeNotFoundEmpty(replicaLagMilliseconds: lag, request.connection, into: &output)
        }
    }

    private func servesPlainly(_ slot: UInt16, _ store: ShardStore) -> Bool {
        loop.state.isLeader && store.servesReads(slot) && (store.isGated || loop.state.owns(slot))
    }

    /// Whether the read may be evaluated now; if not, it has been answered, or is parked. Lock held; it stays so when this
    /// throws not.
    private func admitRead(
        _ slot: UInt16,
        _ store: ShardStore,
        _ port: StorePort,
        _ request: HTTPRequest,
        lag: Int?,
        isAny: Bool
    ) throws(HTTPError) -> Bool {
        do throws(HTTPError) {
            if loop.state.isLeader {
                if store.holdsReads(port) {
                    waitAtTheDoor()
                    return false
                }
                switch door(slot, isWrite: false, store, port) {
                case .open: break
                case .wait:
                    passReads -= 1
                    waitAtTheDoor()
                    return false
                case .elsewhere:
                    passReads -= 1
                    try isAny ? redirectToReplica(slot, request) : redirect(slot, request)
                    return false
                }
            }
            // Since its age was looked up, a full copy may have begun; or the slot is another shard's by the log.
            if lag != nil, store.holdsNoState || store.disowns(slot) {
                try redirect(slot, request)
                return false
            }
            return true
        } catch {
            store.lock.unlock()
            throw error
        }
    }
}
