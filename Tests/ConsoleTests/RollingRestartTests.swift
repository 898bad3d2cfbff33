import Console
import Model
import Testing

@Suite struct RollingRestartTests {
    /// A shard that does what it is told, a second after each action.
    private struct Cluster {
        var nodes = ConsoleFixture.led(
            [
                ConsoleFixture.node("a:1"), ConsoleFixture.node("b:1", role: .replica),
                ConsoleFixture.node("c:1", role: .replica),
            ],
            term: 1
        )
        var now = 1_000

        var snapshot: ClusterSnapshot { ConsoleFixture.snapshot([ConsoleFixture.shard(0, nodes: nodes)], at: now) }

        mutating func perform(_ action: ConsoleAction) {
            now += 1_000
            switch action {
            case .stop(let addresses): set(addresses, .stopped)
            case .start(let addresses): set(addresses, .running)
            case .switchOver(_, let target):
                for index in nodes.indices { nodes[index].role = nodes[index].address == target ? .leader : .replica }
                let order = nodes.sorted { $0.role == .leader && $1.role != .leader }
                nodes = ConsoleFixture.led(order, term: 2)
            default: break
            }
        }

        private mutating func set(_ addresses: [String], _ state: NodeStatus.State) {
            for index in nodes.indices where addresses.contains(nodes[index].address) { nodes[index].state = state }
        }
    }

    private func restart(_ cluster: Cluster) -> RollingRestart { RollingRestart(cluster.nodes, now: cluster.now) }

    @Test func replicasGoFirstAndTheLeaderHandsOver() {
        var cluster = Cluster()
        var restart = restart(cluster)
        #expect(restart.order == ["b:1", "c:1", "a:1"])
        var log: [ConsoleAction] = []
        while restart.outcome == .underWay, log.count < 20 {
            let actions = restart.step(cluster.snapshot, now: cluster.now)
            log += actions
            for action in actions { cluster.perform(action) }
            cluster.now += 1_000
        }
        #expect(restart.outcome == .done)
        #expect(log.count == 7)
        #expect(log.prefix(4) == [.stop(["b:1"]), .start(["b:1"]), .stop(["c:1"]), .start(["c:1"])])
        guard case .switchOver("shard0", let heir) = log[4] else {
            Issue.record("no switchover but \(log[4])")
            return
        }
        #expect(heir != "a:1")
        #expect(log.suffix(2) == [.stop(["a:1"]), .start(["a:1"])])
    }

    @Test func theNextWaitsUntilTheOneBeforeIsInSync() {
        var cluster = Cluster()
        var restart = restart(cluster)
        for _ in 0..<2 {
            for action in restart.step(cluster.snapshot, now: cluster.now) { cluster.perform(action) }
        }
        cluster.nodes[1].inSync = false
        for _ in 0..<5 {
            cluster.now += 1_000
            #expect(restart.step(cluster.snapshot, now: cluster.now) == [])
        }
        #expect(restart.current == "b:1" && restart.phase == .starting)
        cluster.nodes[1].inSync = true
        cluster.now += 1_000
        #expect(restart.step(cluster.snapshot, now: cluster.now) == [])
        #expect(restart.current == "c:1")
    }

    @Test func anOldStatusSaysNothing() {
        var cluster = Cluster()
        var restart = restart(cluster)
        let old = cluster.snapshot
        #expect(restart.step(old, now: 1_500) == [.stop(["b:1"])])
        cluster.nodes[1].state = .stopped
        var stale = cluster.snapshot
        stale.milliseconds = 1_400
        #expect(restart.step(stale, now: 1_600) == [])
        #expect(restart.phase == .stopping)
    }

    @Test func aNodeThatHangsEndsIt() {
        var cluster = Cluster()
        var restart = restart(cluster)
        _ = restart.step(cluster.snapshot, now: cluster.now)
        cluster.now += 61_000
        #expect(restart.step(cluster.snapshot, now: cluster.now) == [])
        #expect(restart.outcome == .failed("b:1 did not stop"))
    }

    @Test func cancelEndsAfterTheNodeOfTheMoment() {
        var cluster = Cluster()
        var restart = restart(cluster)
        restart.isCancelled = true
        for _ in 0..<4 {
            for action in restart.step(cluster.snapshot, now: cluster.now) { cluster.perform(action) }
            cluster.now += 1_000
        }
        #expect(restart.outcome == .failed("ended before c:1, as you asked"))
        #expect(cluster.nodes.allSatisfy { $0.state == .running })
    }
}
