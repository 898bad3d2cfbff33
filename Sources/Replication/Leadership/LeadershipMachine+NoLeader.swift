extension LeadershipMachine {
    /// Why there is no leader and this member can't become it, with what to do, for people; nil while there is a leader, or
    /// this member may become it, or nothing is known yet.
    var noLeaderReason: String? {
        guard leading == nil, stoppingSince == nil, let seen else { return nil }
        guard let record = seen.record else {
            guard !configuration.isNamedLeader, hasSeenNotices else { return nil }
            return
                "no leader yet: \(configuration.shard) begins when the node starts that config.yaml names as its leader"
        }
        guard isLeaderGone(record), !isElectable(record) else { return nil }
        return "no leader, and this node can't become it: \(whyNotElectable(record)). \(recovery(record))"
    }

    private func whyNotElectable(_ record: ShardRecord) -> String {
        if record.inSync.contains(where: { $0.id == me.id }) {
            return
                "it runs with os durability and its machine was booted since, so it may have lost acknowledged writes"
        }
        return "its data folder is not in the in-sync set of \(record.shard), so it may lack acknowledged writes"
    }

    private func recovery(_ record: ShardRecord) -> String {
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

    /// Tells it once, not before the others had time to start as well.
    mutating func noteNoLeader(_ now: UInt64, _ actions: inout [Action]) {
        guard now >= startedAt + LeadershipLimits.companyWait else { return }
        let reason = noLeaderReason
        guard reason != notedNoLeader else { return }
        notedNoLeader = reason
        if let reason { actions.append(.note(.loss, reason)) }
    }
}
