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
        passReads += 1
        store.lock.lock()
        defer { store.lock.unlock() }
        if loop.state.isLeader {
            if store.holdsReads(port) { return waitAtTheDoor() }
            switch door(slot, isWrite: false, store, port) {
            case .open: break
            case .wait:
                passReads -= 1
                return waitAtTheDoor()
            case .elsewhere:
                passReads -= 1
                return try isAny ? redirectToReplica(slot, request) : redirect(slot, request)
            }
        }
        // Since its age was looked up, a full copy may have begun; or the slot is another shard's by the log.
        if lag != nil, store.holdsNoState || store.disowns(slot) { return try redirect(slot, request) }
        loop.heat.note(slot)
        let start = output.writerIndex
        let behindWrites = !marks.isEmpty
        if behindWrites, let number = store.awaitPending(port) { hold(for: number, isWrite: false) }
        let isHead = request.method == .head
        var failure: StorageError?
        let found = key.withUnsafeBytes { bytes -> Bool in
            do throws(StorageError) {
                return try store.read(
                    slot: slot,
                    key: bytes,
                    hash: KeyHash.hash(bytes),
                    port: port,
                    now: passNow,
                    pending: behindWrites
                ) { value in
                    HTTPResponse.writeValue(
                        value.bytes,
                        etag: etag ? value.version : nil,
                        replicaLagMilliseconds: lag,
                        request.connection,
                        headOnly: isHead,
                        into: &output
                    )
                }
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw HTTPError(failure) }
        // Asked behind the read: the process may have been stopped in the middle of it.
        if loop.state.isLeader, !store.leadsNow {
            output.moveWriterIndex(to: start)
            throw noLeader(loop.state.map.owner(of: slot))
        }
        countRead(isFound: found)
        if !found { HTTPResponse.writeNotFoundEmpty(replicaLagMilliseconds: lag, request.connection, into: &output) }
    }
}
