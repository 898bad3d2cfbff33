import Console
import Server
import Terminal
import Testing

@Suite struct GraphTests {
    private func text(_ state: ConsoleState) throws -> String { try ConsoleFixture.frame(state).plainText }

    @Test func kindsGoRoundByKeyAndByName() throws {
        var state = ConsoleFixture.state()
        #expect(state.graphKind == .requests)
        _ = state.press(.character("]"))
        #expect(state.graphKind == .lag)
        _ = state.press(.character("["), .character("["))
        #expect(state.graphKind == .latency)
        _ = state.type(":graph lag")
        _ = state.press(.enter)
        #expect(state.graphKind == .lag)
        #expect(try text(state).contains("Lag in ms"))
        _ = state.type(":graph nothing")
        _ = state.press(.enter)
        #expect(state.notice?.text == "no graph \"nothing\"; there are requests, lag, latency")
    }

    @Test func theLagOfAShardIsALineForEachReplica() throws {
        var state = ConsoleFixture.state(width: 120, height: 40, shards: ConsoleFixture.replicatedShards)
        _ = state.press(.down, .character("]"))
        let shard = try text(state)
        #expect(
            shard.contains("a 127.0.0.22:8080 0 ms  b 127.0.0.42:8080 1,840 ms  c 127.0.0.62:8080 no data"),
            "\(shard)"
        )
        // Its leader has none of its own and tells about its replicas; a replica tells about itself.
        _ = state.press(.down)
        #expect(try text(state).contains("b 127.0.0.42:8080 1,840 ms"))
        _ = state.press(.down, .down)
        let replica = try text(state)
        #expect(replica.contains("127.0.0.42:8080 1,840 ms") && !replica.contains("127.0.0.22:8080 0 ms"), "\(replica)")
        _ = state.press(.character("g"))
        #expect(try text(state).contains("a shard0 1,840 ms  b shard1 12 ms"))
    }

    @Test func aLagOfZeroIsALineAtTheBottomAndNoFigureIsAGap() throws {
        var state = ConsoleFixture.state(shards: ConsoleFixture.replicatedShards)
        _ = state.press(.down, .down, .down, .character("]"))
        let lines = try text(state).split(separator: "\n")
        let lowest = String(try #require(lines.first { $0.contains(" 0┤") }))
        #expect(lowest.contains("⣀⣀⣀"))
        #expect(lowest.contains(String(repeating: " ", count: 9)))
        // The axis spans 500 ms, so that a jitter of some is seen as what it is.
        #expect(lines.contains { $0.contains("500┤") })
        _ = state.press(.down, .down)
        let unreachable = try text(state).split(separator: "\n").first { $0.contains(" 0┤") }
        #expect(unreachable?.contains("⣀") == false)
    }

    @Test func whatHasNoReplicasSaysSo() throws {
        var state = ConsoleFixture.state(shards: [ConsoleFixture.shard(0, nodes: [ConsoleFixture.node("a:1")])])
        _ = state.press(.character("]"))
        #expect(try text(state).contains("no replicas here"))
    }

    @Test func manyShardsShowTheWorstAndCountTheRest() throws {
        let shards = (0..<20).map { index in
            var replica = ConsoleFixture.node("10.0.\(index).2:1", shard: "shard\(index)", role: .replica)
            replica.lag.milliseconds = index
            return ConsoleFixture.shard(index, nodes: [ConsoleFixture.node("10.0.\(index).1:1"), replica])
        }
        var state = ConsoleFixture.state(width: 200, height: 40, shards: shards)
        _ = state.press(.character("]"))
        let frame = try text(state)
        #expect(frame.contains("a shard19 19 ms  b shard18 18 ms"), "\(frame)")
        #expect(frame.contains("f shard14 14 ms  +14"), "\(frame)")
        // Where the legend has no room, it counts what it leaves out as well.
        #expect(try ConsoleFixture.frame(state, width: 60).plainText.contains("+18"))
    }

    @Test func latencyShowsBothPercentiles() throws {
        var state = ConsoleFixture.state(width: 120)
        _ = state.press(.character("]"), .character("]"))
        let frame = try text(state)
        #expect(frame.contains("a reads p99 0.30  b p50 0.06"), "\(frame)")
        #expect(frame.contains("a writes p99 1.50  b p50 0.40"), "\(frame)")
    }
}
