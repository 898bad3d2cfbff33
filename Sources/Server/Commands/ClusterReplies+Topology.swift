import Model
import Routing

extension ClusterReplies {
    /// CLUSTER SHARDS: each shard's slot runs and nodes; maps in RESP 3.
    package func appendShards(to bytes: inout [UInt8]) {
        bytes.appendRESPArray(count: map.shardNames.count)
        for shard in map.shardNames.indices {
            bytes.appendRESPMap(count: 2, version: version)
            bytes.appendRESPBulk("slots")
            let ranges = map.ranges(ofShard: UInt16(shard))
            bytes.appendRESPArray(count: ranges.count * 2)
            for range in ranges {
                bytes.appendRESPInteger(range.lowerBound)
                bytes.appendRESPInteger(range.upperBound)
            }
            bytes.appendRESPBulk("nodes")
            let members = members(ofShard: shard)
            bytes.appendRESPArray(count: members.count)
            for address in members { appendShardsNode(address, isLeader: address == members[0], to: &bytes) }
        }
    }

    /// CLUSTER NODES: a line for each node.
    package func appendNodes(to bytes: inout [UInt8]) {
        var text = ""
        for shard in map.shardNames.indices {
            let members = members(ofShard: shard)
            for address in members {
                text += nodeLine(address, leader: members[0])
                if address == members[0] {
                    for range in map.ranges(ofShard: UInt16(shard)) { text += " " + Self.text(of: range) }
                }
                text += "\n"
            }
        }
        bytes.appendRESPText(text, version: version)
    }

    private func nodeLine(_ address: NodeAddress, leader: NodeAddress) -> String {
        let isLeader = address == leader
        var flags = address == own ? ["myself"] : []
        flags.append(isLeader ? "master" : "slave")
        if unreachable.contains(address) { flags.append("fail") }
        let fields = [
            id(address),
            // As Redis prints it: no brackets around IPv6. There is no second port: peers use the same one.
            "\(address.host):\(address.port)@\(address.port)",
            flags.joined(separator: ","),
            isLeader ? "-" : id(leader),
            // Ping sent and pong received: there is no gossip.
            "0", "0",
            String(map.version),
            unreachable.contains(address) ? "disconnected" : "connected",
        ]
        return fields.joined(separator: " ")
    }

    private func appendShardsNode(_ address: NodeAddress, isLeader: Bool, to bytes: inout [UInt8]) {
        bytes.appendRESPMap(count: 7, version: version)
        bytes.appendRESPBulk("id")
        bytes.appendRESPBulk(id(address))
        bytes.appendRESPBulk("port")
        bytes.appendRESPInteger(address.port)
        for (name, value) in [
            ("ip", address.host), ("endpoint", address.host), ("role", isLeader ? "master" : "replica"),
        ] {
            bytes.appendRESPBulk(name)
            bytes.appendRESPBulk(value)
        }
        bytes.appendRESPBulk("replication-offset")
        bytes.appendRESPInteger(sequences[address] ?? 0)
        bytes.appendRESPBulk("health")
        bytes.appendRESPBulk(unreachable.contains(address) ? "fail" : loading.contains(address) ? "loading" : "online")
    }

    private static func text(of range: SlotMap.SlotRange) -> String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
    }
}
