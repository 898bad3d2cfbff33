import NIOCore
import Storage

/// `?acks=N`: MinInSync for one write.
extension HTTPRequests {
    enum WriteAnswer {
        /// 200 and `OK`.
        case ok
        /// 204, with the new version after a PUT.
        case noContent(etag: UInt64?)
    }

    /// Whether a write that wants an in-sync set of `acks` members may be evaluated now. The store's lock is held.
    func admits(_ acks: Int?, _ store: ShardStore, _ port: StorePort) throws(HTTPError) -> WriteAdmission {
        // This node alone is one, and is the leader.
        guard let acks, acks > 1 else { return .admitted }
        let state = connection.loop.state
        guard acks <= state.memberCount else {
            let members = CommitQuorum.counted(state.memberCount)
            throw HTTPError(400, "bad_acks", "acks asks for \(acks), but shard \(state.shardName) has \(members)")
        }
        return store.admit(acknowledgements: acks, port: port)
    }

    /// Answers a write that has been queued. One with `acks` is answered when its batch is committed and it is known how
    /// many members have it; later requests of the connection wait until then.
    func answer(_ answer: WriteAnswer, _ acks: Int?, _ request: HTTPRequest) {
        guard let acks, acks > 1 else { return write(answer, request) }
        connection.isBlocked = true
        connection.deferred = { [self] in
            connection.isBlocked = false
            if connection.committedMembers < acks {
                writeError(HTTPRequests.writtenOnFewer(connection.committedMembers, acks), request)
            } else {
                write(answer, request)
            }
            connection.updateReading()
        }
    }

    private func write(_ answer: WriteAnswer, _ request: HTTPRequest) {
        switch answer {
        case .ok: HTTPResponse.writeOK(request.connection, into: &connection.output)
        case .noContent(let etag): HTTPResponse.writeNoContent(etag: etag, request.connection, into: &connection.output)
        }
    }

    /// The one error of a write that was done. It has no `Retry-After`: repeating an unconditional write is safe, but whether
    /// it is wanted is the client's to say.
    private static func writtenOnFewer(_ members: Int, _ acks: Int) -> HTTPError {
        HTTPError(
            503,
            "written_on_fewer",
            "the write is done, but the in-sync set shrank to \(CommitQuorum.counted(members)) before it was committed; "
                + "acks asked for \(acks)"
        )
    }
}
