import Model
import Routing
import Server
import Testing

@Suite struct ClusterRepliesTests {
    private let config: ClusterConfig
    private let map: SlotMap
    private let leader0 = NodeAddress(host: "127.0.0.2", port: 8080)
    private let replica0 = NodeAddress(host: "127.0.0.22", port: 8080)
    private let leader1 = NodeAddress(host: "127.0.0.3", port: 8080)

    init() throws {
        var config = ClusterConfig(shards: [
            ShardConfig(name: "shard0", index: 0, address: leader0, replicas: [replica0]),
            ShardConfig(name: "shard1", index: 1, address: leader1),
        ])
        config.name = "demo"
        self.config = config
        map = try PlacementPolicy.fixed.map(current: nil, shards: config.shardNames)
    }

    private func replies(
        own: NodeAddress? = nil,
        version: Int = 2,
        map other: SlotMap? = nil,
        leaders: [NodeAddress] = [],
        replicas: [[NodeAddress]] = [],
        unreachable: Set<NodeAddress> = [],
        loading: Set<NodeAddress> = []
    ) -> ClusterReplies {
        ClusterReplies(
            config: config,
            map: other ?? map,
            own: own ?? leader0,
            leaders: leaders,
            replicas: replicas,
            version: version,
            unreachable: unreachable,
            loading: loading,
            sequences: [leader0: 7]
        )
    }

    private func text(_ replies: ClusterReplies, _ arguments: String...) -> String {
        var bytes: [UInt8] = []
        replies.append(arguments, countKeys: { Int($0) * 2 }, to: &bytes)
        return String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "|")
    }

    private func id(_ address: NodeAddress) -> String { NodeIdentity.id(cluster: "demo", address: address) }

    @Test func slotsListLeaderAndReplicas() {
        let expected =
            "*2|*4|:0|:8191|*4|$9|127.0.0.2|:8080|$40|\(id(leader0))|*0|*4|$10|127.0.0.22|:8080|$40|\(id(replica0))|*0|"
            + "*3|:8192|:16383|*4|$9|127.0.0.3|:8080|$40|\(id(leader1))|*0|"
        #expect(text(replies(), "SLOTS") == expected)
        #expect(text(replies(version: 3), "slots") == expected.replacing("|*0|", with: "|%0|"))
    }

    @Test func slotsFollowAChangeOfLeader() {
        let reply = text(replies(leaders: [replica0, leader1]), "SLOTS")
        #expect(reply.hasPrefix("*2|*4|:0|:8191|*4|$10|127.0.0.22|:8080|"))
        #expect(reply.contains("|*0|*4|$9|127.0.0.2|:8080|"))
    }

    /// Clients that read from replicas take theirs from here.
    @Test func slotsLeaveOutReplicasThatNobodyShouldReadFrom() {
        let other = NodeAddress(host: "127.0.0.23", port: 8080)
        let both = [[leader0, replica0, other], [leader1]]
        #expect(text(replies(replicas: both), "SLOTS").hasPrefix("*2|*5|:0|:8191|*4|$9|127.0.0.2|"))
        for reply in [
            text(replies(replicas: both, unreachable: [other]), "SLOTS"),
            text(replies(replicas: both, loading: [other]), "SLOTS"),
        ] {
            #expect(reply.hasPrefix("*2|*4|:0|:8191|*4|$9|127.0.0.2|") && !reply.contains("127.0.0.23"))
        }
        #expect(text(replies(unreachable: [leader0, replica0]), "SLOTS").hasPrefix("*2|*3|:0|:8191|*4|$9|127.0.0.2|"))
        let shards = text(replies(version: 3, replicas: both, loading: [other]), "SHARDS")
        #expect(shards.contains("|$10|127.0.0.23|$4|role|$7|replica|$18|replication-offset|:0|$6|health|$7|loading|"))
        let nodes = text(replies(replicas: both, unreachable: [other]), "NODES")
        #expect(nodes.contains("127.0.0.23:8080@8080 slave,fail \(id(leader0)) 0 0 1 disconnected\n"))
    }

    @Test func slotsOfModuloAreOneEach() throws {
        let modulo = try PlacementPolicy.modulo.map(current: nil, shards: config.shardNames)
        let reply = text(replies(map: modulo), "SLOTS")
        #expect(reply.hasPrefix("*16384|*4|:0|:0|"))
        #expect(reply.contains("|*3|:16383|:16383|*4|$9|127.0.0.3|"))
    }

    @Test func shardsAreMapsInRESP3() {
        let start =
            "%2|$5|slots|*2|:0|:8191|$5|nodes|*2|%7|$2|id|$40|\(id(leader0))|$4|port|:8080|$2|ip|$9|127.0.0.2|"
            + "$8|endpoint|$9|127.0.0.2|$4|role|$6|master|$18|replication-offset|:7|$6|health|$6|online|"
        let three = text(replies(version: 3, unreachable: [replica0]), "SHARDS")
        #expect(three.hasPrefix("*2|" + start))
        #expect(three.contains("$4|role|$7|replica|$18|replication-offset|:0|$6|health|$4|fail|"))
        let two = text(replies(), "SHARDS")
        #expect(two.hasPrefix("*2|*4|$5|slots|*2|:0|:8191|$5|nodes|*2|*14|$2|id|"))
    }

    @Test func nodesAreLinesAsRedisWritesThem() {
        let lines =
            "\(id(leader0)) 127.0.0.2:8080@8080 master - 0 0 1 connected 0-8191\n"
            + "\(id(replica0)) 127.0.0.22:8080@8080 myself,slave \(id(leader0)) 0 0 1 connected\n"
            + "\(id(leader1)) 127.0.0.3:8080@8080 master,fail - 0 0 1 disconnected 8192-16383\n"
        let two = text(replies(own: replica0, unreachable: [leader1]), "NODES")
        #expect(two == "$\(lines.utf8.count)|\(lines)|")
        let three = text(replies(own: replica0, version: 3, unreachable: [leader1]), "NODES")
        #expect(three == "=\(lines.utf8.count + 4)|txt:\(lines)|")
    }

    @Test func infoCountsSlotsOfLostLeaders() {
        let fine = text(replies(), "INFO")
        #expect(fine.contains("|cluster_state:ok|cluster_slots_assigned:16384|cluster_slots_ok:16384|"))
        #expect(fine.contains("|cluster_known_nodes:3|cluster_size:2|"))
        let lost = text(replies(unreachable: [leader1]), "INFO")
        #expect(lost.contains("|cluster_state:fail|"))
        #expect(lost.contains("|cluster_slots_ok:8192|cluster_slots_pfail:0|cluster_slots_fail:8192|"))
    }

    @Test func smallOnes() {
        #expect(text(replies(), "MYID") == "$40|\(id(leader0))|")
        #expect(text(replies(), "KEYSLOT", "foo") == ":12182|")
        #expect(text(replies(), "COUNTKEYSINSLOT", "21") == ":42|")
        #expect(text(replies(), "COUNTKEYSINSLOT", "16384") == "-ERR Invalid slot|")
        for text in ["x", "01", "-0", "+1", ""] {
            let reply = self.text(replies(), "COUNTKEYSINSLOT", text)
            #expect(reply == "-ERR value is not an integer or out of range|", "\(text)")
        }
        #expect(text(replies(), "KEYSLOT") == "-ERR wrong number of arguments for 'cluster|keyslot' command|")
        #expect(text(replies(), "FORGET", "x") == "-ERR unknown subcommand 'FORGET'. Try CLUSTER HELP.|")
    }
}
