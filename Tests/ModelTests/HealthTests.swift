import Model
import Testing

/// What is wrong is said with its code, its severity and what to do; and nothing where all is well.
@Suite struct HealthTests {
    private static func facts(
        _ role: NodeStatus.Role = .leader,
        _ state: NodeStatus.State = .running,
        _ change: (inout NodeFacts) -> Void = { _ in }
    ) -> NodeFacts {
        var facts = NodeFacts(address: "n:1", shard: "s", role: role, state: state, message: "")
        facts.hasLeader = true
        facts.inSync = true
        facts.bytesFree = 1 << 40
        facts.files = (10, 1_000)
        change(&facts)
        return facts
    }

    private static func node(_ address: String, _ facts: NodeFacts, version: String = "1") -> NodeStatus {
        var node = NodeStatus(
            cluster: "c",
            shard: "s",
            address: address,
            role: facts.role,
            state: facts.state,
            engine: "lmdb",
            durability: "fsync",
            version: version
        )
        var facts = facts
        facts.address = address
        node.health = Health.of(facts)
        return node
    }

    private static func cluster(_ nodes: [NodeStatus]) -> Health {
        Health.of([.init(name: "s", index: 0, slots: 1, keys: 0, bytes: 0, leader: "a:1", nodes: nodes)])
    }

    @Test func whatIsWellHasNoReasons() {
        for role in [NodeStatus.Role.leader, .replica] {
            let health = Health.of(Self.facts(role))
            #expect(health.state == .ok && health.reasons.isEmpty, "\(health)")
        }
        let health = Self.cluster([Self.node("a:1", Self.facts()), Self.node("b:1", Self.facts(.replica))])
        #expect(health.state == .ok && health.reasons.isEmpty, "\(health)")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var code: Health.Code
        var state: Health.State
        var facts: NodeFacts

        init(_ code: Health.Code, _ state: Health.State, _ facts: NodeFacts) {
            self.code = code
            self.state = state
            self.facts = facts
        }

        var testDescription: String { "\(code) \(state)" }
    }

    static let cases = [
        Case(.nodeUnreachable, .down, facts(.leader, .unreachable)),
        Case(.nodeStopped, .down, facts(.leader, .stopped)),
        Case(.nodeStarting, .down, facts(.replica, .starting)), Case(.nodeFailed, .down, facts(.replica, .failed)),
        Case(.logFailed, .down, facts { $0.failure = .init(.log, "can't sync") }),
        Case(.logFailed, .down, facts(.leader, .failed) { $0.failure = .init(.log, "can't sync") }),
        Case(.engineFailed, .down, facts(.replica) { $0.failure = .init(.engine, "it panics") }),
        Case(.engineFailed, .degraded, facts { $0.engineError = .init(.engine, "MANIFEST") }),
        Case(.diskFull, .degraded, facts { $0.engineError = .init(.noRoom, "no space left") }),
        Case(.diskFull, .down, facts { $0.roomFailure = .init(.noRoom, "no space left") }),
        Case(.diskFull, .degraded, facts(.replica) { $0.roomFailure = .init(.noRoom, "no space left") }),
        Case(.diskLow, .degraded, facts { $0.bytesFree = Health.bytesFreeMin - 1 }),
        Case(.noLeader, .down, facts(.replica) { $0.hasLeader = false }),
        Case(.noLeader, .down, facts(.replica) { ($0.hasLeader, $0.noLeaderReason) = (false, "b:1 is needed") }),
        Case(.minInSync, .down, facts { $0.tooFewInSync = "1 of 2" }),
        Case(.replicaOutOfSync, .degraded, facts(.replica) { $0.inSync = false }),
        Case(.replicaOutOfSync, .degraded, facts(.replica, .syncing)),
        Case(.replicaLag, .degraded, facts(.replica) { $0.lagMilliseconds = Health.lagMillisecondsMax + 1 }),
        Case(.coordinatorUnreachable, .degraded, facts { $0.coordinatorError = "etcd is away" }),
        Case(.coordinatorChanged, .down, facts { $0.coordinatorChange = "another one" }),
        Case(.filesLimit, .degraded, facts { $0.files = (901, 1_000) }),
        Case(.filesLimit, .degraded, facts { $0.clients = (128, 128) }),
        Case(.staleReader, .degraded, facts { $0.oldestViewSeconds = Health.viewSecondsMax + 1 }),
        Case(.reshardFailed, .degraded, facts { $0.reshard = (false, "a is away") }),
        Case(.reshardPaused, .degraded, facts { $0.reshard = (true, "") }),
    ]

    @Test(arguments: cases) func aNodesTroubleIsNamed(_ expected: Case) {
        let health = Health.of(expected.facts)
        #expect(health.reasons.map(\.code) == [expected.code], "\(health)")
        #expect(health.state == expected.state && health.reasons.first?.severity == expected.state)
        for reason in health.reasons {
            #expect(!reason.text.isEmpty && !reason.action.isEmpty && !reason.text.hasSuffix(": "), "\(reason)")
        }
    }

    @Test func theWorstComesFirstAndEachOnce() {
        let low = Health.Reason(.diskLow, .degraded, "a", "low", action: "-")
        let down = Health.Reason(.noLeader, .down, "s", "none", action: "-")
        let health = Health([low, down, low])
        #expect(health.reasons == [down, low] && health.state == .down)
    }

    /// What one member can't do another one does: the cluster is degraded. Without a leader it is down.
    @Test func othersServeWhatANodeDoesNot() {
        let leader = Self.node("a:1", Self.facts())
        let stopped = Self.cluster([leader, Self.node("b:1", Self.facts(.replica, .stopped))])
        #expect(stopped.state == .degraded && stopped.reasons.map(\.code) == [.nodeStopped], "\(stopped)")
        let leaderless = Self.facts(.replica) { $0.hasLeader = false }
        let alone = Self.cluster([Self.node("a:1", Self.facts(.replica, .failed)), Self.node("b:1", leaderless)])
        #expect(alone.state == .down && alone.reasons.map(\.code) == [.noLeader, .nodeFailed], "\(alone)")
        let full = Self.facts { $0.roomFailure = .init(.noRoom, "no space left") }
        #expect(Self.cluster([Self.node("a:1", full), Self.node("b:1", Self.facts(.replica))]).state == .down)
        let both = Self.cluster([leader, Self.node("b:1", Self.facts())])
        #expect(both.reasons.map(\.code) == [.severalLeaders])
        let mixed = Self.cluster([leader, Self.node("b:1", Self.facts(.replica), version: "2")])
        #expect(mixed.reasons.map(\.code) == [.versionsDiffer])
    }

    /// One of an earlier version has a status without health.
    @Test func aNodeThatDoesNotTellIsJudgedByItsStatus() {
        var old = Self.node("b:1", Self.facts(.replica))
        old.health = nil
        old.inSync = true
        old.lag.milliseconds = 60_000
        let health = Self.cluster([Self.node("a:1", Self.facts()), old])
        #expect(health.reasons.map(\.code) == [.replicaLag])
    }
}
