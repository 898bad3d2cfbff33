import Console
import Model
import Terminal
import Testing

@Suite struct ConsoleStateTests {
    @Test func stopAsksWithCancelFocusedAndNamesTargetAndEffect() throws {
        var state = ConsoleFixture.state()
        #expect(state.press(.down, .down, .down, .character("x")) == [])
        guard case .confirm(let dialog) = state.overlay else {
            Issue.record("no dialog")
            return
        }
        #expect(dialog.title == "Stop 127.0.0.22:8080")
        #expect(dialog.lines.contains("shard0 goes on without this replica."))
        #expect(dialog.lines.contains("No keys are lost."))
        #expect(!dialog.isConfirmFocused)
        #expect(state.press(.enter) == [])
        #expect(state.overlay == .none)
        #expect(state.press(.character("x"), .escape) == [])
        #expect(state.press(.character("x"), .tab, .enter) == [.stop(["127.0.0.22:8080"])])
        #expect(try ConsoleFixture.frame(state).plainText.contains("stopping"))
    }

    /// What clients will see, and not more.
    @Test func whatAStopMeansIsSaidAsItIs() {
        func lines(_ names: String, _ shards: [ClusterStatus.Shard]) -> [String] {
            var state = ConsoleFixture.state(shards: shards)
            _ = state.type(":stop \(names)")
            _ = state.press(.enter)
            guard case .confirm(let dialog) = state.overlay else { return [] }
            return dialog.lines
        }
        let leader = ConsoleFixture.node("127.0.0.2:8080")
        var replica = ConsoleFixture.node("127.0.0.22:8080", role: .replica)
        replica.inSync = true
        let shard = ConsoleFixture.shard(0, nodes: [leader, replica])
        let other = ConsoleFixture.shard(1, nodes: [ConsoleFixture.node("127.0.0.3:8080", shard: "shard1")])
        #expect(lines("127.0.0.2:8080", [shard]).contains("A replica takes over shard0 first: no request fails."))
        replica.inSync = false
        let alone = ConsoleFixture.shard(0, nodes: [leader, replica])
        #expect(lines("127.0.0.2:8080", [alone]).contains("Until it starts again, writes to shard0 are refused."))
        let two = lines("127.0.0.22:8080 127.0.0.3:8080", [shard, other])
        #expect(two.contains("shard0 goes on with fewer copies."))
        #expect(two.contains("Until they start again, shard1 answers no reads and no writes."))
    }

    @Test func stoppingAShardListsItsNodes() {
        var state = ConsoleFixture.state()
        _ = state.press(.down, .character("x"))
        guard case .confirm(let dialog) = state.overlay else {
            Issue.record("no dialog")
            return
        }
        #expect(dialog.lines.contains { $0.contains("127.0.0.2:8080") })
        #expect(dialog.lines.contains { $0.contains("127.0.0.22:8080") })
        #expect(state.press(.right, .enter) == [.stop(["127.0.0.2:8080", "127.0.0.22:8080"])])
    }

    @Test func startTakesOnlyWhatDoesNotRun() {
        var shards = ConsoleFixture.shards
        shards[0].nodes[1] = ConsoleFixture.node("127.0.0.22:8080", role: .replica, state: .stopped)
        var state = ConsoleFixture.state(shards: shards)
        #expect(state.press(.down, .character("s")) == [.start(["127.0.0.22:8080"])])
        #expect(state.nodes.operations.verb(of: "127.0.0.22:8080") == .start)
        #expect(state.press(.down, .character("s")) == [])
        #expect(state.notice?.text == "127.0.0.2:8080 already runs")
        shards[0].nodes[1] = ConsoleFixture.node("127.0.0.22:8080", role: .replica)
        _ = state.update(.tick(ConsoleClock(milliseconds: 502_000)))
        _ = state.update(.snapshot(ConsoleFixture.snapshot(shards, at: 502_000)))
        #expect(state.nodes.operations.isEmpty)
    }

    @Test func aStoppedNodeIsShownAtOnceWhateverTheRefreshRate() {
        var state = ConsoleFixture.state()
        _ = state.type(":refresh 10")
        _ = state.press(.enter)
        var shards = ConsoleFixture.shards
        _ = state.update(.tick(ConsoleClock(milliseconds: 500_500)))
        _ = state.update(.snapshot(ConsoleFixture.snapshot(shards, at: 500_500)))
        #expect(state.snapshot?.milliseconds == 500_000)
        shards[0].nodes[0] = ConsoleFixture.node("127.0.0.2:8080", state: .stopped)
        _ = state.update(.snapshot(ConsoleFixture.snapshot(shards, at: 500_600)))
        #expect(state.snapshot?.milliseconds == 500_600)
    }

    @Test func whatNobodyCountsIsNoZero() throws {
        var shards = ConsoleFixture.shards
        for index in shards[0].nodes.indices {
            shards[0].nodes[index] = ConsoleFixture.node(shards[0].nodes[index].address, state: .stopped)
        }
        (shards[0].keys, shards[0].bytes) = (0, 0)
        let half = try ConsoleFixture.frame(ConsoleFixture.state(width: 120, height: 40, shards: shards)).plainText
        #expect(half.contains("60,123 keys in 1 of 2 shards"), "\(half)")
        let row = half.split(separator: "\n").first { $0.contains("shard0") && $0.contains("up") } ?? ""
        #expect(row.contains("0/2 up") && !row.contains("0 B") && row.contains("–"), "\(row)")
        shards[1] = shards[0]
        shards[1].name = "shard1"
        let none = try ConsoleFixture.frame(ConsoleFixture.state(width: 120, height: 40, shards: shards)).plainText
        #expect(none.contains("– keys"), "\(none)")
    }

    @Test func quitAsksWhileNodesRunInside() {
        var state = ConsoleFixture.state()
        #expect(state.press(.character("q")) == [])
        guard case .confirm(let dialog) = state.overlay else {
            Issue.record("no dialog")
            return
        }
        #expect(dialog.lines.first == "4 nodes run inside this console and stop with it.")
        #expect(state.press(.enter) == [])
        #expect(state.press(.ctrl("c"), .left, .enter) == [.quit])
        var watching = ConsoleFixture.state(embedded: [])
        #expect(watching.press(.character("q")) == [.quit])
    }

    @Test func ctrlCAsksAlsoWhileTyping() {
        var state = ConsoleFixture.state(embedded: [])
        _ = state.type(":stop shard0")
        #expect(state.press(.ctrl("c")) == [.quit])
    }

    @Test func escapeGoesBackAndNeverQuits() {
        var state = ConsoleFixture.state(embedded: [])
        _ = state.type("/shard1")
        _ = state.press(.enter, .down, .enter)
        #expect(state.list.detail != nil)
        _ = state.press(.tab)
        for _ in 0..<10 { #expect(!state.press(.escape).contains(.quit)) }
        #expect(state.list.detail == nil)
        #expect(state.view == .dashboard)
        #expect(state.list.filter.isEmpty)
        #expect(state.focus == .table)
    }

    @Test func readOnlyHasNoTraceOfWhatChangesTheCluster() throws {
        var state = ConsoleFixture.state(width: 120, height: 60, options: ConsoleOptions(isReadOnly: true))
        #expect(state.press(.character("x"), .character("s")) == [])
        #expect(state.overlay == .none)
        #expect(!state.hints.contains { $0.label == "stop" || $0.label == "start" })
        #expect(try ConsoleFixture.frame(state).plainText.contains("READ-ONLY"))
        _ = state.type(":stop shard0")
        #expect(state.press(.enter) == [])
        #expect(state.notice?.text == "no command \"stop\"; press ? for those there are")
        _ = state.press(.character("?"))
        #expect(!(try ConsoleFixture.frame(state).plainText.contains(":stop")))
    }

    @Test func theFilterIsLiveAndKeepsShardsOfNodesThatMatch() {
        var state = ConsoleFixture.state()
        _ = state.type("/33")
        #expect(state.list.rows.map(\.id) == [.cluster, .shard("shard1"), .node("127.0.0.33:8080")])
        _ = state.press(.backspace, .backspace)
        #expect(state.list.rows.count == 7)
        _ = state.type("nothing")
        #expect(state.list.rows.map(\.id) == [.cluster])
        _ = state.press(.escape)
        #expect(state.list.rows.count == 7)
    }

    @Test func sortingKeepsTheSelectionAndShowsBigNumbersFirst() {
        var shards = ConsoleFixture.shards
        shards[1].keys = 999_999
        var state = ConsoleFixture.state(shards: shards)
        _ = state.press(.down)
        _ = state.type(":sort keys")
        _ = state.press(.enter)
        #expect(state.list.selection == .shard("shard0"))
        #expect(state.list.rows[1].id == .shard("shard1"))
        _ = state.press(.character("I"))
        #expect(state.list.rows[1].id == .shard("shard0"))
        _ = state.press(.character("<"), .character("<"), .character("<"))
        #expect(state.list.sort == TableSort())
        _ = state.press(.character("<"))
        #expect(state.list.sort.column == .uptime)
    }

    @Test func twoHundredNodesScrollAndTheSelectionStaysVisible() throws {
        let shards = (0..<50).map { index in
            ConsoleFixture.shard(index, nodes: (0..<4).map { ConsoleFixture.node("10.0.\(index).\($0):8080") })
        }
        var state = ConsoleFixture.state(shards: shards)
        for step in 0..<260 {
            _ = state.press(.down)
            let frame = try ConsoleFixture.frame(state).plainText
            #expect(frame.split(separator: "\n").count { $0.hasPrefix("│▶") } == 1, "step \(step)")
        }
        #expect(state.list.selection == .node("10.0.49.3:8080"))
        _ = state.press(.character("g"))
        #expect(state.list.selection == .cluster)
        _ = state.press(.pageDown, .character("G"), .left)
        #expect(state.list.selection == .shard("shard49"))
    }

    @Test func pauseHoldsTheNumbersAndGoesOn() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.character("p"))
        var shards = ConsoleFixture.shards
        shards[0].keys = 1
        _ = state.update(.tick(ConsoleClock(milliseconds: 505_000)))
        _ = state.update(.snapshot(ConsoleFixture.snapshot(shards, at: 505_000)))
        #expect(state.snapshot?.milliseconds == 500_000)
        #expect(try ConsoleFixture.frame(state).plainText.contains("PAUSED"))
        _ = state.press(.character("p"))
        #expect(state.snapshot?.milliseconds == 505_000)
    }

    @Test func refreshRateStepsAndIsObeyed() {
        var state = ConsoleFixture.state()
        _ = state.press(.character("-"))
        #expect(state.status.refreshMilliseconds == 2_000)
        _ = state.update(.tick(ConsoleClock(milliseconds: 501_000)))
        _ = state.update(.snapshot(ConsoleFixture.snapshot(at: 501_000)))
        #expect(state.snapshot?.milliseconds == 500_000)
        _ = state.update(.tick(ConsoleClock(milliseconds: 502_000)))
        #expect(state.snapshot?.milliseconds == 501_000)
        _ = state.type(":refresh 0.5")
        _ = state.press(.enter)
        #expect(state.status.refreshMilliseconds == 500)
        _ = state.type(":refresh soon")
        _ = state.press(.enter)
        #expect(state.notice?.severity == .error)
    }

    @Test func themesGoRoundAndByName() {
        var state = ConsoleFixture.state()
        #expect(state.press(.character("t")) == [.useTheme("light")])
        _ = state.type(":theme mono")
        #expect(state.press(.enter) == [.useTheme("mono")])
        #expect(state.press(.character("t")) == [.useTheme("dark")])
        _ = state.type(":theme pink")
        #expect(state.press(.enter) == [])
        #expect(state.notice?.text.contains("no theme \"pink\"") == true)
    }

    @Test func tooSmallSaysSoAndStillQuits() throws {
        var state = ConsoleFixture.state(embedded: [])
        _ = state.update(.resized(width: 39, height: 9))
        let text = try ConsoleFixture.frame(state).plainText
        #expect(text.contains("needs 40x10"))
        #expect(text.contains("has 39x9"))
        #expect(state.press(.character("x")) == [])
        #expect(state.overlay == .none)
        #expect(state.press(.character("q")) == [.quit])
    }
}
