import Model
import Node
import Storage
import TestSupport
import Testing

/// What a node says of itself.
@Suite(.serialized) struct NodeStatusTests {
    private static let rounds = 10

    /// A status of two moments would show a leader in a term that is over.
    @Test func whoIsSeenAsLeaderIsSeenInItsOwnTerm() async throws {
        let ground = try NodeGround(host: "127.66.26.1", nodes: 1)
        let node = try ground.node(0)
        try await node.start()
        var former: UInt64 = 0
        for _ in 0..<Self.rounds {
            let status = await Self.firstStatusAsLeader(of: node)
            let term = try #require(status?.leadership?.term)
            #expect(term > former)
            former = term
            _ = await node.stopShard()
            _ = await node.startShard()
        }
        await node.stop()
    }

    /// Looks without a pause between.
    private static func firstStatusAsLeader(of node: Node) async -> NodeStatus? {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            let status = node.status()
            if status.role == .leader && status.state == .running { return status }
            await Task.yield()
        }
        return nil
    }

    @Test func filesAndMemoryAreToldWhileTheShardIsOpen() async throws {
        let ground = try NodeGround(host: "127.66.26.2", nodes: 1)
        let node = try ground.node(0)
        try await node.start()
        #expect(try await eventually { node.isLeading })
        try await ground.write(100, to: 0)
        let told = Dictionary(node.storageMetrics().map { ($0.name, $0.value) }) { first, _ in first }
        let status = node.status()
        #expect(Set((status.storage ?? [:]).keys) == Set(told.keys))
        #expect(status.storage?["log_bytes"] ?? 0 > 0)
        #expect(StatusJSON.decode(NodeStatus.self, from: StatusJSON.encode(status))?.storage == status.storage)
        _ = await node.stopShard()
        #expect(node.status().storage == nil)
        await node.stop()
    }
}
