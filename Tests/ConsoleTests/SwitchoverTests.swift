import Console
import FoundationEssentials
import Model
import Terminal
import Testing

@Suite struct SwitchoverTests {
    private static let leader = "127.0.0.2:8080"

    /// A shard of a leader and three replicas: two in sync, the second of them further, and one without a session.
    private static func shards() throws -> [ClusterStatus.Shard] {
        var nodes = [ConsoleFixture.node(leader)]
        for (host, position) in [("22", "4-60120"), ("23", "4-60121"), ("24", "3-70000")] {
            var node = ConsoleFixture.node("127.0.0.\(host):8080", role: .replica)
            node.inSync = host != "24"
            node.position = position
            nodes.append(node)
        }
        nodes[0].leadership = try leadership(lease: 2_449)
        nodes[3].leadership = try leadership(lease: 0)
        return [ConsoleFixture.shard(0, nodes: nodes), ConsoleFixture.shards[1]]
    }

    private static func leadership(lease: Int) throws -> NodeStatus.Leadership {
        let json = """
            {"term": 7, "leader": "\(leader)", "lease_milliseconds": \(lease), "members": [
            {"address": "\(leader)", "in_sync": true, "impediment": ""},
            {"address": "127.0.0.22:8080", "in_sync": true, "impediment": ""},
            {"address": "127.0.0.23:8080", "in_sync": true, "impediment": ""},
            {"address": "127.0.0.24:8080", "in_sync": false, "impediment":
            "it has no session at the coordinator: it is down, or can't reach it"}]}
            """
        return try JSONDecoder().decode(NodeStatus.Leadership.self, from: Data(json.utf8))
    }

    @Test func asksWithCancelFocusedAndNamesTargetAndEffect() throws {
        var state = ConsoleFixture.state(shards: try Self.shards())
        #expect(state.press(.down, .down, .down, .character("o")) == [])
        guard case .confirm(let dialog) = state.overlay else {
            Issue.record("no dialog")
            return
        }
        #expect(dialog.lines[0] == "Change the leader of shard0 from 127.0.0.2:8080 to 127.0.0.22:8080.")
        #expect(dialog.lines[1] == "Writes are held for some milliseconds and redirected.")
        #expect(!dialog.isConfirmFocused)
        #expect(state.press(.enter) == [])
        let action = ConsoleAction.switchOver(shard: "shard0", to: "127.0.0.22:8080")
        #expect(state.press(.character("o"), .tab, .enter) == [action])
        #expect(state.notice?.text == "changing the leader of shard0 to 127.0.0.22:8080")
    }

    @Test(arguments: [1, 2])
    func onShardAndLeaderTheTargetIsTheFurthestInSyncReplica(downs: Int) throws {
        var state = ConsoleFixture.state(shards: try Self.shards())
        for _ in 0..<downs { _ = state.press(.down) }
        let action = ConsoleAction.switchOver(shard: "shard0", to: "127.0.0.23:8080")
        #expect(state.press(.character("o"), .tab, .enter) == [action])
    }

    @Test func byNameAndFromTheDetailView() throws {
        var state = ConsoleFixture.state(shards: try Self.shards())
        _ = state.type(":switchover 127.0.0.22:8080")
        let action = ConsoleAction.switchOver(shard: "shard0", to: "127.0.0.22:8080")
        #expect(state.press(.enter, .tab, .enter) == [action])
        _ = state.press(.down, .down, .down, .enter)
        #expect(state.press(.character("o"), .tab, .enter) == [action])
    }

    @Test func whatCanNotBeSaysWhy() throws {
        var shards = try Self.shards()
        var state = ConsoleFixture.state(shards: shards)
        _ = state.press(.character("o"))
        #expect(state.notice?.text == "a switchover is of one shard: select it or one of its nodes")
        _ = state.type(":switchover 127.0.0.24:8080")
        _ = state.press(.enter)
        #expect(state.overlay == .none)
        #expect(
            state.notice?.text == "127.0.0.24:8080 could not become leader: "
                + "it has no session at the coordinator: it is down, or can't reach it"
        )
        shards[0].nodes[1].state = .stopped
        shards[0].nodes[2].state = .unreachable
        state = ConsoleFixture.state(shards: shards)
        _ = state.press(.down, .character("o"))
        #expect(state.notice?.text == "shard0 has no in-sync replica that could become leader")
        shards[0].nodes[0].state = .failed
        state = ConsoleFixture.state(shards: shards)
        _ = state.press(.down, .character("o"))
        #expect(state.notice?.text == "shard0 has no leader now: there is nobody to hand over")
    }

    @Test func hiddenWhenReadOnlyAndHintedOnlyOnShards() throws {
        var state = ConsoleFixture.state(width: 120, shards: try Self.shards())
        #expect(!state.hints.contains { $0.label == "switchover" })
        _ = state.press(.down)
        #expect(state.hints.contains { $0.key == "o" && $0.label == "switchover" })
        var reading = ConsoleFixture.state(options: ConsoleOptions(isReadOnly: true), shards: try Self.shards())
        #expect(reading.press(.down, .character("o")) == [])
        #expect(reading.overlay == .none)
        #expect(reading.notice == nil)
        #expect(!reading.hints.contains { $0.label == "switchover" })
    }

    @Test(arguments: [1, 2])
    func theDetailViewTellsWhoCouldLead(downs: Int) throws {
        var state = ConsoleFixture.state(width: 80, height: 60, shards: try Self.shards())
        for _ in 0..<downs { _ = state.press(.down) }
        _ = state.press(.enter)
        let text = try ConsoleFixture.frame(state).plainText
        for part in [
            "term           7", "2.4 s left", "in sync        127.0.0.22:8080 running, 12 ms behind; could lead",
            "not in sync    127.0.0.24:8080 running, 12 ms behind; could not lead: it has", "or can't reach it",
        ] { #expect(text.contains(part), "\(part) is not in\n\(text)") }
    }

    @Test func aReplicasDetailTellsAboutItself() throws {
        var state = ConsoleFixture.state(width: 80, height: 60, shards: try Self.shards())
        _ = state.press(.down, .down, .down, .down, .down, .enter)
        let text = try ConsoleFixture.frame(state).plainText
        #expect(text.contains("session        none"), "\(text)")
        #expect(text.contains("could lead     no: it has no session at the coordinator"), "\(text)")
    }
}
