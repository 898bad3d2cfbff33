import Console
import Model
import Server
import Terminal
import Testing

@Suite struct GraphTests {
    private func text(_ state: ConsoleState) throws -> String { try ConsoleFixture.frame(state).plainText }

    @Test func kindsGoRoundByKeyAndByName() throws {
        var state = ConsoleFixture.state()
        #expect(state.graph.kind == .requests)
        _ = state.press(.character("]"))
        #expect(state.graph.kind == .lag)
        _ = state.press(.character("["), .character("["))
        #expect(state.graph.kind == .latency)
        _ = state.type(":graph lag")
        _ = state.press(.enter)
        #expect(state.graph.kind == .lag)
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

    @Test func aLagOfZeroIsALineAtTheBottomAndNoValueIsAGap() throws {
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

    @Test func zoomingShowsMoreTimeAndEndsAtTheEnds() throws {
        var state = ConsoleFixture.state()
        #expect(try text(state).contains("-1m 02s"))
        _ = state.press(.character("z"), .character("z"))
        #expect(state.graph.settings.secondsPerStep == 5)
        let zoomed = try text(state)
        #expect(zoomed.contains("whole cluster · 5 s a step") && zoomed.contains("-5m 10s"), "\(zoomed)")
        for _ in 0..<9 { _ = state.press(.character("z")) }
        #expect(state.graph.settings.secondsPerStep == 30)
        #expect(state.notice?.text == "a step of the graph is 30s, the longest")
        for _ in 0..<9 { _ = state.press(.character("Z")) }
        #expect(state.graph.settings.secondsPerStep == 1)
        #expect(state.notice?.text == "a step of the graph is 1s, the shortest")
    }

    @Test func movingInTimeGoesByStepsOfTheGraph() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.tab, .left)
        #expect(try text(state).contains("10s back"))
        _ = state.press(.escape, .character("z"), .character("z"), .left)
        #expect(try text(state).contains("50s back"))
    }

    @Test func graphSetsAreChosenByNameAndInTurn() throws {
        var state = ConsoleFixture.state(options: ConsoleOptions(graphSet: .block))
        #expect(try text(state).contains("█"))
        _ = state.type(":graph-set ascii")
        _ = state.press(.enter)
        #expect(state.graph.settings.set == .ascii)
        #expect(try text(state).contains("::"))
        _ = state.type(":graph-set")
        _ = state.press(.enter)
        #expect(state.graph.settings.set == .braille)
        _ = state.type(":graph-set dots")
        _ = state.press(.enter)
        #expect(state.notice?.text == "no set \"dots\"; there are braille, block, ascii")
        #expect(state.graph.settings.set == .braille)
    }

    /// A peak raises the scale at once; it comes down only when the peak is well below, and not at a round number.
    @Test func theScaleStaysWhileThePeakComesAndGoes() throws {
        var state = ConsoleState(options: ConsoleOptions(), themeNames: ["dark"])
        var second = 0
        func pass(_ seconds: Int, reads: Int) {
            for _ in 0..<seconds {
                second += 1
                var node = ConsoleFixture.node("a:1")
                node.opsPerSecond = .init(read: reads)
                let shard = ConsoleFixture.shard(0, nodes: [node])
                _ = state.update(.tick(ConsoleClock(milliseconds: second * 1_000)))
                _ = state.update(.snapshot(ConsoleFixture.snapshot([shard], at: second * 1_000)))
            }
        }
        func scale() throws -> Substring? {
            try text(state).split(separator: "\n").first { $0.contains("k┤") || $0.contains("0┤") }?
                .split(separator: "┤").first?.split(separator: " ").last
        }
        pass(100, reads: 1_900)
        #expect(try scale() == "2k")
        pass(150, reads: 990)
        #expect(try scale() == "2k", "990 would fit below 1k, but was just above it")
        // A frame of another size keeps nothing.
        #expect(try ConsoleFixture.frame(state, width: 120).plainText.contains("  1k┤"))
        pass(100, reads: 700)
        #expect(try scale() == "1k")
        pass(100, reads: 0)
        #expect(try scale() == "10", "the floor")
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
