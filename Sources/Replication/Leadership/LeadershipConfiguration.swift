import Model

extension LeadershipMachine {
    package struct Configuration: Sendable {
        package var shard: String
        /// This member; `boot` is set with `os` durability.
        package var member: Member
        package var durability: Durability
        package var bootID: String
        package var lease: LeaseRule
        /// config.yaml names this node as the shard's leader: it alone creates the shard's record.
        package var isNamedLeader: Bool
        package var planted: PlantedBugs

        package init(
            shard: String,
            member: Member,
            durability: Durability,
            bootID: String,
            lease: LeaseRule,
            isNamedLeader: Bool,
            planted: PlantedBugs = []
        ) {
            self.shard = shard
            self.member = member
            self.durability = durability
            self.bootID = bootID
            self.lease = lease
            self.isNamedLeader = isNamedLeader
            self.planted = planted
        }
    }

    struct Session {
        var id: String
        /// When the newest renewal that was answered had been sent.
        var renewedAt: UInt64
    }

    struct Pending {
        enum Purpose { case takeover, shrink, growth, handOver }
        var proposal: ShardProposal
        var purpose: Purpose
        /// When it goes out again, its outcome being unknown; nil while an answer is awaited.
        var retryAt: UInt64?
    }
}
