import Model
import Replication

extension NodeStatus.Leadership {
    package init(_ status: LeadershipStatus) {
        self.init(
            term: status.term,
            leader: status.leader?.address ?? "",
            leaseMilliseconds: status.leaseRemaining,
            members: status.members.map { member in
                Member(
                    address: member.member.address,
                    inSync: member.isInSync,
                    blocker: member.blocker ?? ""
                )
            }
        )
    }
}

extension NodeStatus.Change {
    package init(number: Int, time: Int, _ gravity: LeadershipMachine.Gravity, _ text: String) {
        let gravity: Gravity =
            switch gravity {
            case .info: .info
            case .gain: .gain
            case .loss: .loss
            }
        self.init(number: number, time: time, gravity: gravity, text: text)
    }
}
