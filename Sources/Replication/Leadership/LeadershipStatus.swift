import Model

/// Who leads and why others could not, for the status document and the console.
package struct LeadershipStatus: Hashable, Sendable {
    package enum Role: String, Sendable {
        /// Serves.
        case leader
        /// Has leadership and waits until every in-sync member has the term's first record.
        case beginning
        /// Waits for an election, or for the coordinator.
        case candidate
        case replica
    }

    package struct MemberStatus: Hashable, Sendable {
        package var member: Member
        package var isInSync: Bool
        /// Why it could not become leader now, in words; nil if it could (or leads).
        package var blocker: String?
    }

    package var role: Role
    /// The record's term; 0 before it is known.
    package var term: UInt64
    package var leader: Member?
    /// Milliseconds for which this member's own lease still holds; 0 without one.
    package var leaseRemaining: UInt64
    package var inSync: [Member]
    /// Every member that is known, sorted.
    package var members: [MemberStatus]
    /// Why there is no leader and this member can't become it, and what to do, for people.
    package var noLeaderReason: String?
}

extension LeadershipMachine {
    package func status(now: UInt64) -> LeadershipStatus {
        let deadline = session.map { configuration.lease.deadline(sentAt: $0.renewedAt) } ?? 0
        let role: LeadershipStatus.Role =
            if let leading { leading.isServing ? .leader : .beginning } else {
                leaderGoneSince != nil ? .candidate : .replica
            }
        return LeadershipStatus(
            role: role,
            term: record?.term ?? 0,
            leader: record?.leader,
            leaseRemaining: deadline > now ? deadline - now : 0,
            inSync: record?.inSync ?? [],
            members: knownMembers.map { member in
                .init(
                    member: member,
                    isInSync: record?.includes(member) ?? false,
                    blocker: member.key == record?.leader?.key ? nil : blocker(of: member, now: now)
                )
            },
            noLeaderReason: noLeaderReason
        )
    }

    var knownMembers: [Member] {
        var byKey: [Member.Key: Member] = [:]
        for member in record?.inSync ?? [] { byKey[member.key] = member }
        for follower in leading?.followers.values.map(\.member) ?? [] { byKey[follower.key] = follower }
        for notice in notices { byKey[notice.member.key] = notice.member }
        byKey[me.key] = me
        return byKey.values.sorted()
    }

    /// Why a member could not become leader now, in words.
    package func blocker(of member: Member, now: UInt64) -> String? {
        guard let record else { return "the coordinator's record of the shard is not known" }
        if member.key == me.key {
            guard record.vouches(id: me.id, bootID: configuration.bootID) else { return whyOutside(member, record) }
            if let ownBlocker { return ownBlocker }
            return isLeaseValid(now) ? nil : "it has no session at the coordinator"
        }
        guard record.includes(member) else { return whyOutside(member, record) }
        guard let notice = notices.first(where: { $0.member.key == member.key }) else {
            return "it has no session at the coordinator: it is down, or can't reach it"
        }
        if let blocker = notice.blocker { return blocker }
        guard let leading else { return nil }
        guard let status = leading.status(of: member.key) else { return "it is not connected to the leader" }
        guard status.acknowledged != nil else { return "it does not follow the leader's log yet" }
        return status.silence(now: now)
    }

    private func whyOutside(_ member: Member, _ record: ShardRecord) -> String {
        if let entry = record.inSync.first(where: { $0.id == member.id }), entry.boot != nil {
            return "it runs with os durability and its machine was booted since: it may have lost writes"
        }
        let reason = "it is not in the in-sync set"
        guard let status = leading?.status(of: member.key) else {
            return leading == nil ? reason : "\(reason): it is not connected to the leader"
        }
        if status.asksForSnapshot { return "\(reason): it needs a snapshot" }
        guard let acknowledged = status.acknowledged else { return "\(reason): it takes a snapshot" }
        let lag = durable.sequence > acknowledged ? durable.sequence - acknowledged : 0
        return "\(reason): it is \(lag) records behind"
    }
}
