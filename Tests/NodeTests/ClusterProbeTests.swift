import Node
import Routing
import Server
import Testing

@Suite struct ClusterProbeTests {
    private func node(_ address: String, _ role: NodeStatus.Role, _ state: NodeStatus.State) -> NodeStatus {
        NodeStatus(
            cluster: "c",
            shard: "shard0",
            address: address,
            role: role,
            state: state,
            engine: "lmdb",
            durability: "fsync",
            version: ""
        )
    }

    private func roles(_ nodes: [NodeStatus]) throws -> [NodeStatus.Role] {
        let addresses = try nodes.map { try NodeAddress($0.address) }
        let shard = ShardConfig(name: "shard0", index: 0, address: addresses[0], replicas: Array(addresses.dropFirst()))
        return ClusterProbe.shardStatus(shard, slots: 1, nodes: nodes).nodes.map(\.role)
    }

    @Test func aNodeThatCanNotBeAskedIsWhatTheOthersSayNotWhatTheConfigSays() throws {
        // The config's leader is gone, another leads.
        var nodes = [node("10.0.0.1:1", .leader, .unreachable), node("10.0.0.2:1", .leader, .running)]
        #expect(try roles(nodes) == [.replica, .leader])
        // Its lease has not run out yet: the replica still knows it as the leader, whatever the config says.
        nodes = [node("10.0.0.1:1", .replica, .running), node("10.0.0.2:1", .replica, .unreachable)]
        nodes[0].leadership = .init(term: 3, leader: "10.0.0.2:1", leaseMilliseconds: 0, members: [])
        #expect(try roles(nodes) == [.replica, .leader])
        // Nobody can be asked: the config's word is the only one.
        nodes = [node("10.0.0.1:1", .leader, .unreachable), node("10.0.0.2:1", .replica, .unreachable)]
        #expect(try roles(nodes) == [.leader, .replica])
    }
}
