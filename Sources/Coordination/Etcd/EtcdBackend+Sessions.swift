import NIOCore
import Synchronization

extension EtcdBackend {
    package func grantSession(ttl: UInt64, timeout: Duration) async throws(CoordinationError) -> SessionLease {
        try checkOpen()
        try CoordinationLimits.check(ttl: ttl)
        let id = RandomID.number()
        let sentAt = BootClock.milliseconds()
        let seconds = (ttl + 999) / 1000
        do throws(EtcdFailure) {
            // Not repeatable: the second of two would be refused, as the id is taken.
            let answer = try await client.send(
                "/v3/lease/grant",
                Etcd.LeaseRequest(ID: Etcd.Number(id), TTL: Etcd.Number(seconds)),
                Etcd.LeaseResponse.self,
                isRepeatable: false,
                timeout: timeout
            )
            return SessionLease(id: RandomID.text(id), sentAt: sentAt, ttl: (answer.TTL?.value ?? seconds) * 1000)
        } catch {
            throw CoordinationError(error, place: place, what: "beginning a session", isChange: false)
        }
    }

    /// A renewal counts only if a quorum stands behind the member that did it: etcd 3.4 lets a leader that was stopped
    /// and goes on renew leases for some moments, though another leads by then and may have ended them. So each renewal is
    /// followed by a linearizable read through the same member, and both that read and the one before the renewal must
    /// come from the same term: then nobody else led in between.
    package func renewSession(_ id: String, timeout: Duration) async throws(CoordinationError) -> SessionLease {
        try checkOpen()
        let deadline = NIODeadline.now() + TimeAmount(timeout)
        let tries = max(2, client.settings.endpoints.count) + 1
        var last = EtcdFailure.notSent("no time left")
        for _ in 0..<tries {
            guard NIODeadline.now() < deadline, !Task.isCancelled else { break }
            let endpoint = client.endpoint
            let until = min(deadline, NIODeadline.now() + TimeAmount(max(.milliseconds(200), timeout / tries)))
            let renewal: Renewal
            do throws(EtcdFailure) {
                renewal = try await renew(id, endpoint, until)
            } catch {
                last = error
                guard last.isWorthAnother else { break }
                client.moveOn(from: endpoint)
                continue
            }
            switch renewal {
            case .renewed(let lease): return lease
            case .ended: throw CoordinationError(.sessionEnded, "etcd at \(place): session \(id) is over; open another")
            case .otherTerm: last = .noAnswer("etcd changes its leader")
            }
        }
        let failure = Task.isCancelled ? .cancelled : last
        throw CoordinationError(failure, place: place, what: "renewing a session", isChange: false)
    }

    package func endSession(_ id: String, timeout: Duration) async throws(CoordinationError) {
        try checkOpen()
        do throws(EtcdFailure) {
            struct Nothing: Decodable, Sendable {}
            let request = Etcd.LeaseRequest(ID: Etcd.Number(Self.lease(id)))
            _ = try await client.send(
                "/v3/lease/revoke",
                request,
                Nothing.self,
                isRepeatable: true,
                timeout: timeout
            )
        } catch {
            if case .refused(EtcdFailure.Code.notFound, _) = error { return }
            throw CoordinationError(error, place: place, what: "ending a session", isChange: true)
        }
    }

    private enum Renewal {
        case renewed(SessionLease)
        case ended
        /// etcd's leader changed meanwhile.
        case otherTerm
    }

    private func renew(_ id: String, _ endpoint: Int, _ deadline: NIODeadline) async throws(EtcdFailure) -> Renewal {
        let before: UInt64
        if let known = confirmedTerms.withLock({ $0[endpoint] }) {
            before = known
        } else {
            before = try await confirm(endpoint, deadline).term
        }
        let sentAt = BootClock.milliseconds()
        var seconds = try await keepAlive(id, endpoint, deadline)
        let floor = newestRevision
        let after = try await confirm(endpoint, deadline)
        // Another etcd, or one with an older state, where the session may still stand: whoever opens one finds out which.
        if after.revision < floor { return .ended }
        // A leader elected just now may not have read all leases yet; with the read behind it, it has.
        if seconds == 0 { seconds = try await keepAlive(id, endpoint, deadline) }
        if seconds == 0 { return .ended }
        guard after.term == before else { return .otherTerm }
        return .renewed(SessionLease(id: id, sentAt: sentAt, ttl: seconds * 1000))
    }

    /// Seconds; 0 for a lease that is not there.
    private func keepAlive(
        _ id: String,
        _ endpoint: Int,
        _ deadline: NIODeadline
    ) async throws(EtcdFailure) -> UInt64 {
        let answer = try await client.send(
            "/v3/lease/keepalive",
            Etcd.LeaseRequest(ID: Etcd.Number(Self.lease(id))),
            Etcd.Line<Etcd.LeaseResponse>.self,
            lane: .renewals,
            endpoint: endpoint,
            deadline: deadline
        )
        if let result = answer.result { return result.TTL?.value ?? 0 }
        throw .refused(code: answer.error?.grpc_code ?? 2, message: answer.error?.message ?? "no result")
    }

    /// etcd's term and revision, with a quorum behind them.
    private func confirm(
        _ endpoint: Int,
        _ deadline: NIODeadline
    ) async throws(EtcdFailure) -> (term: UInt64, revision: UInt64) {
        let answer = try await client.send(
            "/v3/kv/range",
            Etcd.RangeRequest(key: name(ClusterKeys.identity), count_only: true),
            Etcd.RangeResponse.self,
            lane: .renewals,
            endpoint: endpoint,
            deadline: deadline
        )
        let term = answer.header?.raft_term?.value ?? 0
        confirmedTerms.withLock { $0[endpoint] = term }
        return (term, note(answer.header))
    }
}
