import Model

/// Who may take over a shard, as one member sees it at one moment: the record's in-sync set, and the notices of those that
/// have a session. Pure.
struct Electorate {
    let record: ShardRecord
    /// Of this shard.
    let notices: [MemberNotice]
    /// The notices have been read; before, nobody's absence means anything.
    let areNoticesKnown: Bool
    let me: Member
    let bootID: String
    /// The last record on this member's disk.
    let durable: Position
    /// When this member began, on the clock of its events.
    let startedAt: UInt64
    let planted: PlantedBugs

    /// Whether this member may become leader: it has everything that was ever acknowledged.
    var isElectable: Bool {
        record.vouches(id: me.id, bootID: bootID) || planted.contains(.electionIgnoresInSync)
            || haveAllLostTheirBoot && record.inSync.contains { $0.id == me.id }
    }

    /// `os` durability promises nothing about a crash of the machine. When that befell every member of the set, and all
    /// are here, nobody has more than the best of them: without this, a machine's reboot would end the shard.
    private var haveAllLostTheirBoot: Bool {
        record.inSync.allSatisfy { member in
            member.boot != nil
                && notices.contains { $0.member.id == member.id && $0.bootID != member.boot && $0.blocker == nil }
        }
    }

    /// As far as the notices show; the transaction compares the session itself.
    var isLeaderGone: Bool {
        guard let leader = record.leader else { return true }
        if leader.id == me.id { return true }
        guard areNoticesKnown else { return false }
        // A folder is open in one process only: under a new session its former process is gone.
        return !notices.contains { $0.session == record.session }
            || notices.contains { $0.member.id == leader.id && $0.session != record.session }
    }

    /// Members of the set that could take over, other than this one.
    private var rivals: [MemberNotice] {
        let isLastResort = haveAllLostTheirBoot
        return notices.filter { notice in
            guard notice.member.id != me.id, notice.blocker == nil else { return false }
            return record.vouches(id: notice.member.id, bootID: notice.bootID)
                || isLastResort && record.inSync.contains { $0.id == notice.member.id }
        }
    }

    /// The in-sync set after this member has taken over. Members whose session has ended are left out: they have been
    /// silent for longer than a replica may be. The others keep the entries they have: a notice may be an earlier
    /// process's, with another durability, and vouch for too much.
    var inSyncAfterTakeOver: [Member] {
        let rivals = Set(rivals.map(\.member.id))
        // In the last resort the others' logs are as good as any guess: they come in again by following.
        let alive = haveAllLostTheirBoot ? [] : record.inSync.filter { rivals.contains($0.id) }
        return alive + [me]
    }

    /// The most advanced takes over; the others wait for it, and it for their positions, but not for long: whoever is
    /// in the set has every acknowledged write.
    /// - Parameter since: when the leader was first seen to be gone.
    func isMyTurn(since: UInt64, now: UInt64) -> Bool {
        let rivals = rivals
        let isEverybodyHere = rivals.count >= record.inSync.filter { $0.id != me.id }.count
        let companyUntil = isEverybodyHere ? 0 : startedAt + LeadershipLimits.companyWait
        let patience = max(since + LeadershipLimits.electionWait, companyUntil)
        let candidates = rivals.filter { $0.isCandidate && $0.observedTerm >= record.term }
        guard now >= patience || candidates.count == rivals.count && now >= companyUntil else { return false }
        let isBest = candidates.allSatisfy { isAhead(of: $0) }
        return isBest || now >= patience + LeadershipLimits.electionWait
    }

    private func isAhead(of other: MemberNotice) -> Bool {
        if planted.contains(.sequenceWithoutTerm) {
            return (durable.sequence, other.member.id) > (other.position.sequence, me.id)
        }
        guard durable == other.position else { return durable > other.position }
        // With nothing between them leadership stays where it was: people know their leaders.
        if let last = record.leader?.id, last == me.id || last == other.member.id { return last == me.id }
        return me.id < other.member.id
    }

    // MARK: For people

    /// Why there is an election.
    var vacancy: String {
        switch record.leader {
        case nil: "its last leader stepped down"
        case .some(let leader) where leader.id == me.id: "it was leader before, and has a new session"
        case .some(let leader): "the session of \(leader.address) has ended"
        }
    }

    /// Why nobody leads and this member can't become leader, with what to do; nil while there is a leader, or while this
    /// member may become it.
    var advice: String? {
        guard isLeaderGone, !isElectable else { return nil }
        return "no leader, and this node can't become it: \(whyNotElectable). \(recovery)"
    }

    private var whyNotElectable: String {
        if record.inSync.contains(where: { $0.id == me.id }) {
            return
                "it runs with os durability and its machine was booted since, so it may have lost acknowledged writes"
        }
        return "its data folder is not in the in-sync set of \(record.shard), so it may lack acknowledged writes"
    }

    private var recovery: String {
        let members = record.inSync.filter { $0.id != me.id }
        let names = members.map { member in
            // The same address with another folder: starting it is not enough.
            member.address == me.address
                ? "\(member.address) with its former data folder (id \(member.id))" : member.address
        }
        guard !names.isEmpty else { return "Start the shard's other nodes" }
        let start = names.count == 1 ? "Start the only member of that set" : "Start a member of that set"
        return
            "\(start): \(names.joined(separator: ", ")). If the disks of all members are lost for good, put back a backup of "
            + "a member's data folder; what was written after it is lost"
    }
}
