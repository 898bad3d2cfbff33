import Model
import Replication

/// Sessions of a cluster's members, and what members say of themselves while their sessions live.
package struct ClusterSessions: Sendable {
    let values: ClusterValues

    private var backend: any CoordinatorBackend { values.backend }

    /// Opens a session: a lease, and the key `sessions/ID` that stands for it in transactions.
    /// - Parameters:
    ///   - holder: who holds it, for people who look.
    ///   - ttl: milliseconds (LeaseSeconds).
    ///   - coordinator: the id of the coordinator that the holder's folder belongs to; nil: any.
    ///   - seen: the newest revision that the holder has seen there: what it decided is not undone by an old backup.
    /// - Throws: `.wrongCoordinator` when it is another one, or one that has lost its data; `.wentBack`; `.unavailable` when it
    ///   is not known to be open. What may be left of it ends by itself.
    package func open(
        holder: Member,
        ttl: UInt64,
        coordinator: String? = nil,
        seen: UInt64 = 0,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> SessionLease {
        let lease = try await backend.grantSession(ttl: ttl, timeout: timeout)
        let key = ClusterKeys.session(lease.id)
        let outcome: CoordinatorOutcome
        do {
            let operation = CoordinatorOperation.put(key: key, value: try values.encode(holder, key), session: lease.id)
            outcome = try await backend.transact(
                [.absent(key: key)],
                [operation],
                reading: [ClusterKeys.identity],
                timeout: timeout
            )
        } catch {
            // Nothing will ever use it: with its id forgotten it can only end.
            throw CoordinationError(
                error.code == .unknownOutcome || error.code == .sessionEnded ? .unavailable : error.code,
                error.message
            )
        }
        guard let coordinator else { return lease }
        let found = try values.seen(ClusterIdentity.self, outcome.entries[ClusterKeys.identity]).value?.coordinator
        let isOld = outcome.revision <= seen
        guard found == coordinator, !isOld else {
            // Nothing is to be decided by it; what can't be ended ends by itself.
            try? await backend.endSession(lease.id, timeout: timeout)
            throw found == coordinator
                ? CoordinationError.wentBack(place: backend.place, to: outcome.revision, from: seen)
                : CoordinationError.changed(place: backend.place, found: found, known: coordinator)
        }
        return lease
    }

    /// Renews it. The lease counts from `sentAt`, which is read before anything is sent.
    package func renew(
        _ id: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> SessionLease {
        try await backend.renewSession(id, timeout: timeout)
    }

    /// Ends it at once, and with it the notices under it.
    package func end(
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
            [.put(key: key, value: try values.encode(notice, key), session: notice.session)],
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

    /// The notices of a shard's members that live, by member id.
    package func notices(
        of shard: String,
        timeout: Duration = CoordinationLimits.timeout
    ) async throws(CoordinationError) -> [MemberNotice] {
        let range = try await backend.read(ClusterKeys.notices(of: shard), isExact: false, timeout: timeout)
        var notices: [MemberNotice] = []
        for entry in range.entries { notices.append(try values.decode(MemberNotice.self, entry)) }
        return notices
    }
}
