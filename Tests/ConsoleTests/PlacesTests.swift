import Console
import Model
import Server
import Terminal
import Testing

@Suite struct PlacesTests {
    private func text(_ state: ConsoleState) throws -> String { try ConsoleFixture.frame(state).plainText }

    @Test func enterLeadsIntoShardAndNodeAndEscapeBackTheSameWay() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.down)
        // The leader tells of the shard's log and engine.
        #expect(state.press(.enter) == [.watchNode("127.0.0.2:8080")])
        #expect(state.view == .shard && state.list.detail == .shard("shard0"))
        #expect(try text(state).contains("demo › shard0"))
        #expect(state.list.rows.map(\.id) == [.shard("shard0"), .node("127.0.0.2:8080"), .node("127.0.0.22:8080")])
        _ = state.press(.down, .down)
        #expect(state.press(.enter) == [.watchNode("127.0.0.22:8080")])
        #expect(state.view == .node)
        #expect(try text(state).contains("demo › shard0 › 127.0.0.22:8080"))
        #expect(state.press(.escape) == [.watchNode("127.0.0.2:8080")])
        #expect(state.view == .shard && state.list.selection == .node("127.0.0.22:8080"))
        #expect(state.press(.escape) == [.watchNode(nil)])
        #expect(state.view == .dashboard && state.list.detail == nil && state.list.selection == .shard("shard0"))
        #expect(state.list.rows.count == 7)
        #expect(state.press(.escape, .escape) == [])
    }

    /// Zeros would look like an answer of a node that gave none.
    @Test func aNodeThatCannotBeAskedShowsWhyAndNothingElse() throws {
        var state = ConsoleFixture.state(shards: ConsoleFixture.replicatedShards)
        _ = state.type(":node 127.0.0.62:8080")
        _ = state.press(.enter)
        let shown = try text(state)
        #expect(shown.contains("why            can't connect: connection refused; is the node running?"))
        #expect(!shown.contains("│ keys ") && !shown.contains("│ engine "))
    }

    @Test(arguments: [
        ("1", ConsoleView.dashboard), ("2", .shard), ("3", .node), ("4", .slots), ("5", .keys), ("7", .events),
        ("8", .logs),
    ])
    func digitsShowTheViewsAndEscapeLeadsToTheDashboard(digit: String, view: ConsoleView) {
        var state = ConsoleFixture.state(embedded: [])
        _ = state.type(digit)
        #expect(state.view == view)
        for _ in 0..<4 { #expect(!state.press(.escape).contains(.quit)) }
        #expect(state.view == .dashboard)
    }

    @Test func nineIsTheHelp() {
        var state = ConsoleFixture.state()
        _ = state.type("9")
        #expect(state.overlay == .help(top: 0))
    }

    @Test func theViewsOfRowsTakeWhatIsSelectedOrNamed() {
        var state = ConsoleFixture.state()
        _ = state.type("3")
        #expect(state.list.detail == .node("127.0.0.2:8080"))
        _ = state.type("2")
        #expect(state.list.detail == .shard("shard0"))
        _ = state.type(":node shard1")
        _ = state.press(.enter)
        #expect(state.list.detail == .node("127.0.0.3:8080"))
        _ = state.type(":shard 127.0.0.33:8080")
        _ = state.press(.enter)
        #expect(state.list.detail == .shard("shard1"))
        _ = state.type(":shard nobody")
        _ = state.press(.enter)
        #expect(state.notice?.severity == .error)
    }

    @Test func keysInAShardActOnTheSelectedNode() {
        var state = ConsoleFixture.state()
        _ = state.press(.down, .enter, .down, .down, .character("x"))
        #expect(state.press(.tab, .enter) == [.stop(["127.0.0.22:8080"])])
    }

    @Test func aShardThatLeavesTheClusterLeadsBack() {
        var state = ConsoleFixture.state()
        _ = state.type(":shard shard1")
        _ = state.press(.enter)
        _ = state.update(.tick(ConsoleClock(milliseconds: 502_000, unixSeconds: 1_700_000_002)))
        _ = state.update(.snapshot(ConsoleFixture.snapshot([ConsoleFixture.shards[0]], at: 502_000)))
        #expect(state.view == .dashboard && state.list.detail == nil)
        #expect(state.notice?.text == "shard1 is no longer part of the cluster")
    }

    @Test func detailsAreReadFromMetricsAndInfo() {
        var counts = NodeDetails.Counts(
            metrics: """
                # HELP shoal_connections Clients that are connected.
                shoal_connections{cluster="demo",shard="a b",role="leader"} 3
                shoal_commands_total{cluster="demo"} 1000
                shoal_received_bytes_total junk
                shoal_latency_seconds{quantile="0.5"} 0.25
                """
        )
        counts.add(
            info: "# Memory\r\nused_memory:100\r\nused_memory_rss:200\r\nused_cpu_sys:1.5\r\nused_cpu_user:0.5\r\n"
        )
        #expect(counts.connections == 3)
        #expect(counts.commands == 1_000)
        #expect(counts.received == nil)
        #expect(counts.resident == 200)
        #expect(counts.processor == 2_000)
        var before = counts
        before.commands = 500
        let details = NodeDetails(address: "a:1", milliseconds: 9, counts: counts, previous: before, span: 2_000)
        #expect(details.perSecond(\.commands) == 250)
        #expect(details.perSecond(\.received) == nil)
        // A node that was restarted counts from zero.
        before.commands = 5_000
        let restarted = NodeDetails(address: "a:1", milliseconds: 9, counts: counts, previous: before, span: 2_000)
        #expect(restarted.perSecond(\.commands) == nil)
    }

    @Test func detailsOfAnotherNodeOrNoneAreNotShown() throws {
        var state = ConsoleFixture.state(width: 80, height: 60)
        _ = state.press(.down, .down, .enter)
        _ = state.update(.details(ConsoleFixture.details("127.0.0.22:8080")))
        #expect(!(try text(state).contains("error replies")))
        _ = state.update(.details(ConsoleFixture.details("127.0.0.2:8080")))
        #expect(try text(state).contains("90 % of reads"))
        #expect(try text(state).contains("42 % of a core"))
        let dead = NodeDetails(address: "127.0.0.2:8080", milliseconds: 501_000, failure: "no answer in time")
        _ = state.update(.details(dead))
        #expect(try text(state).contains("no answer in time"))
    }
}
