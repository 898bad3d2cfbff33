import Model
import Testing

@Suite struct ClusterStatusTests {
    /// The numbers come over the network: absurd ones must not take the process down.
    @Test func sumsSaturate() {
        func shard(_ keys: Int, _ rate: Int) -> ClusterStatus.Shard {
            var node = NodeStatus(
                cluster: "c",
                shard: "s",
                address: "a:1",
                role: .leader,
                state: .running,
                engine: "lmdb",
                durability: "fsync",
                version: "1"
            )
            node.opsPerSecond = .init(read: rate, write: rate)
            return .init(name: "s", index: 0, slots: 1, keys: keys, bytes: keys, leader: "a:1", nodes: [node])
        }
        func sum(_ shards: [ClusterStatus.Shard]) -> ClusterStatus {
            ClusterStatus(cluster: "c", mapVersion: 1, placement: "fixed", coordinator: "local", shards: shards)
        }
        let high = sum([shard(.max, .max), shard(1, 1), shard(.max, .max)])
        #expect(high.keys == .max && high.bytes == .max && high.opsPerSecond == .init(read: .max, write: .max))
        let low = sum([shard(.min, .min), shard(-1, -1)])
        #expect(low.keys == .min && low.opsPerSecond.write == .min)
        #expect(sum([shard(2, 3), shard(4, 5)]).keys == 6)
    }
}
