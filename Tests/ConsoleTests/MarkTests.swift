import Console
import Model
import Server
import Terminal
import Testing

@Suite struct MarkTests {
    @Test func stopIsAboutAllMarkedRows() {
        var state = ConsoleFixture.state()
        // shard0's replica, and shard1 as a whole.
        _ = state.press(.down, .down, .down, .character(" "), .character(" "))
        #expect(state.list.marked == [.node("127.0.0.22:8080"), .shard("shard1")])
        _ = state.press(.character("x"))
        #expect(state.press(.tab, .enter) == [.stop(["127.0.0.22:8080", "127.0.0.3:8080", "127.0.0.33:8080"])])
        _ = state.press(.escape)
        #expect(state.list.marked.isEmpty)
    }

    @Test func theClustersRowMarksAllShardsOrNone() {
        var state = ConsoleFixture.state()
        _ = state.press(.character(" "))
        #expect(state.list.marked == [.shard("shard0"), .shard("shard1")])
        _ = state.press(.character(" "))
        #expect(state.list.marked.isEmpty)
    }

    @Test func marksShowWithoutColours() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.down, .down, .character(" "))
        #expect(try ConsoleFixture.frame(state).plainText.contains("* ├ 127.0.0.2:8080") == false)
        #expect(try ConsoleFixture.frame(state).plainText.contains("*├ 127.0.0.2:8080"))
        #expect(try ConsoleFixture.frame(state).plainText.contains("1 marked"))
    }

    @Test func severalShardsChangeTheirLeadersAtOnce() {
        var shards = ConsoleFixture.shards
        shards[1].nodes[1].state = .running
        shards[1].nodes = ConsoleFixture.led(shards[1].nodes, term: 4)
        shards[1].nodes[1].inSync = true
        var state = ConsoleFixture.state(shards: shards)
        _ = state.press(.character(" "), .character("o"))
        #expect(
            state.press(.tab, .enter) == [
                .switchOver(shard: "shard0", to: "127.0.0.22:8080"),
                .switchOver(shard: "shard1", to: "127.0.0.33:8080"),
            ]
        )
    }

    @Test func readOnlyMarksNothing() {
        var state = ConsoleFixture.state(options: ConsoleOptions(isReadOnly: true))
        _ = state.press(.down, .character(" "), .character("r"))
        #expect(state.list.marked.isEmpty && state.overlay == .none)
    }

    @Test func aRestartAsksAndThenGoesNodeByNode() throws {
        var state = ConsoleFixture.state()
        _ = state.type(":restart shard0")
        _ = state.press(.enter)
        let asked = state.press(.tab, .enter)
        #expect(asked.first == .restart(["127.0.0.2:8080", "127.0.0.22:8080"]))
        #expect(asked.dropFirst() == [.stop(["127.0.0.22:8080"])])
        #expect(try ConsoleFixture.frame(state).plainText.contains("restart: 127.0.0.22:8080 stops, 1 of 2"))
        #expect(state.type(":restart shard1") == [])
        _ = state.press(.enter)
        #expect(state.notice?.text.contains("under way") == true)
        _ = state.type(":restart cancel")
        _ = state.press(.enter)
        #expect(state.nodes.rolling?.isCancelled == true)
    }
}
