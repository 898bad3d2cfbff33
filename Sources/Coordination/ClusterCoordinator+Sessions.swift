import Replication

extension ClusterCoordinator {
    /// Opens a session: a lease, and the key `sessions/ID` that stands for it in transactions.
    /// - Parameters:
    ///   - holder: who holds it, for people who look.
    ///   - ttl: milliseconds (LeaseSeconds).
    /// - Throws: `.unavailable` when it is not known to be open; what may be left of it ends by itself.
    package func openSession(
        holder: Member,
        ttl: UInt64,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> SessionLease {
        let lease = try await backend.grantSession(ttl: ttl, timeout: timeout)
        let key = ClusterKeys.session(lease.id)
        do {
            let operation = CoordinatorOperation.put(key: key, value: try encode(holder, key), session: lease.id)
            _ = try await backend.transact([.absent(key: key)], [operation], reading: [], timeout: timeout)
        } catch {
            // Nothing will ever use it: with its id forgotten it can only end.
            throw CoordinationError(
                error.code == .unknownOutcome || error.code == .sessionEnded ? .unavailable : error.code,
                error.message
            )
        }
        return lease
    }

    /// Renews it. The lease counts from `sentAt`, which is read before anything is sent.
    package func renewSession(
        _ id: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> SessionLease {
        try await backend.renewSession(id, timeout: timeout)
    }

    /// Ends it at once, and with it the notices under it.
    package func endSession(
        _ id: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) {
        try await backend.endSession(id, timeout: timeout)
    }

    /// Writes a member's notice under its session, in place of an earlier one of the same member.
    /// - Throws: `.sessionEnded`; `.unknownOutcome`, after which it may be published again: the newest is meant.
    package func publish(
        _ notice: MemberNotice,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) {
        let key = ClusterKeys.notice(notice.shard, member: notice.member.id)
        let outcome = try await backend.transact(
            [.present(key: ClusterKeys.session(notice.session))],
            [.put(key: key, value: try encode(notice, key), session: notice.session)],
            reading: [],
            timeout: timeout
        )
        if case .conflict = outcome {
            throw CoordinationError(
                .sessionEnded,
                "\(backend.place): session \(notice.session) of \(notice.member.address) is over; it needs another"
            )
        }
    }
}
