import Model
import Node
import Operations
import Routing
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

    /// A move changes who owns what without anybody's config.
    @Test func slotsAreWhatTheNewestMapOfAnyNodeSays() throws {
        let address = try NodeAddress("10.0.0.1:1")
        let shard = ShardConfig(name: "shard0", index: 0, address: address, replicas: [try NodeAddress("10.0.0.2:1")])
        let config = ClusterConfig(shards: [shard])
        var nodes = [node("10.0.0.1:1", .leader, .running), node("10.0.0.2:1", .replica, .running)]
        let planned = ClusterProbe.status(of: config, answers: ["10.0.0.1:1": nodes[0]])
        #expect(planned.mapVersion == 1 && planned.shards[0].slots == 16384 && planned.reshard == nil)
        nodes[0].map = .init(version: 7, placement: "ring", slots: ["shard0": 70])
        nodes[1].map = .init(version: 8, placement: "ring", slots: ["shard0": 80, "other": 9])
        let answers = Dictionary(uniqueKeysWithValues: nodes.map { ($0.address, $0) })
        let status = ClusterProbe.status(of: config, answers: answers)
        #expect(status.mapVersion == 8 && status.shards[0].slots == 80 && status.placement == "ring")
    }
}
