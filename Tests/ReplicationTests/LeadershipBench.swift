import Model
import Replication

/// Members and values that the leadership tests share.
enum Cast {
    static let a = Member(id: "a", address: "h:1")
    static let b = Member(id: "b", address: "h:2")
    static let c = Member(id: "c", address: "h:3")
    static let end = Position(term: 4, sequence: 20)
}

/// A machine with the time and the record that its coordinator has.
struct LeadershipBench {
    var machine: LeadershipMachine
    var now: UInt64 = 10_000
    var revision: UInt64 = 7

    init(_ member: Member, durable: Position, bootID: String = "boot", named: Bool = false) {
        let configuration = LeadershipMachine.Configuration(
            shard: "s",
            member: member,
            durability: member.boot == nil ? .fsync : .os,
            bootID: bootID,
            lease: LeaseRule(ttl: 3_000),
            isNamedLeader: named
        )
        machine = LeadershipMachine(configuration: configuration, durable: durable, now: 0)
    }

    mutating func handle(_ event: LeadershipMachine.Event) -> [LeadershipMachine.Action] {
        machine.handle(event, now: now)
    }

    mutating func see(_ record: ShardRecord?) -> [LeadershipMachine.Action] {
        handle(.recordSeen(SeenRecord(record: record, revision: revision)))
    }

    /// Takes over and begins the term; the term-start record is `end.sequence + 1`.
    mutating func lead(_ record: ShardRecord) -> [LeadershipMachine.Action] {
        var actions = handle(.sessionGranted(id: "mine", sentAt: now))
        revision += 1
        actions += see(record)
        actions += handle(.termBegun(Position(term: record.term, sequence: machine.durable.sequence + 1)))
        return actions
    }

    mutating func attach(_ link: UInt64, _ member: Member, _ sequence: UInt64, term: UInt64) {
        _ = handle(.followerAttached(link: link, member: member, term: term))
        _ = handle(.followerAcknowledged(link: link, position: Position(term: term, sequence: sequence)))
    }
}

func proposals(_ actions: [LeadershipMachine.Action]) -> [ShardProposal] {
    actions.compactMap { action in if case .propose(let proposal) = action { proposal } else { nil } }
}

func commits(_ actions: [LeadershipMachine.Action]) -> [UInt64] {
    actions.compactMap { action in if case .setCommit(let sequence, _) = action { sequence } else { nil } }
}

func members(_ actions: [LeadershipMachine.Action]) -> [Int] {
    actions.compactMap { action in if case .setMembers(let count) = action { count } else { nil } }
}

func stepsDown(_ actions: [LeadershipMachine.Action]) -> Bool {
    actions.contains { action in if case .stepDown = action { true } else { false } }
}

func intakes(_ actions: [LeadershipMachine.Action]) -> [LeadershipMachine.Intake] {
    actions.compactMap { action in if case .setIntake(let intake) = action { intake } else { nil } }
}

func record(_ leader: Member?, _ session: String, _ inSync: [Member], term: UInt64 = 5) -> ShardRecord {
    ShardRecord(shard: "s", term: term, leader: leader, session: session, inSync: inSync)
}

func notice(
    _ member: Member,
    _ session: String,
    _ position: Position,
    isCandidate: Bool = true,
    bootID: String = "boot"
) -> MemberNotice {
    MemberNotice(
        member: member,
        shard: "s",
        session: session,
        position: position,
        observedTerm: 5,
        isCandidate: isCandidate,
        durability: .fsync,
        bootID: bootID,
        blocker: nil
    )
}

func notes(_ actions: [LeadershipMachine.Action]) -> [String] {
    actions.compactMap { action in if case .note(_, let text) = action { text } else { nil } }
}
