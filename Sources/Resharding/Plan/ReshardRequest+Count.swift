import Model
import Routing

extension ReshardRequest {
    /// `--shards N`: the request that makes it N shards on this machine. New ones are first those that wait to come, then
    /// others with the next free names, and addresses on the loopback network, where every Linux machine has 16 million;
    /// the last ones in index order are removed.
    /// - Parameters:
    ///   - nodes: the addresses in use and their shards, from config.yaml and the coordinator.
    ///   - waiting: shards that config.yaml has and the map does not.
    ///   - replicas: how many replicas each of the others gets.
    /// - Throws: `.badShardCount`; `.contradiction` when nodes are on other machines; `.nothingAsked`.
    package static func resizing(
        to count: Int,
        map: SlotMap,
        nodes: [NodeAddress: String],
        waiting: [NewShard] = [],
        replicas: Int = 0
    ) throws(ReshardError) -> ReshardRequest {
        guard count >= 1, count <= PlacementPolicy.shardsMax else {
            let most = PlacementPolicy.shardsMax
            throw ReshardError(.badShardCount, "\(count) shards can't be: say a number from 1 to \(most)")
        }
        let present = map.shardNames.count
        guard count != present else {
            throw ReshardError(.nothingAsked, "there are \(count) shards already; say another number, or rebalance")
        }
        if count < present { return ReshardRequest(remove: Array(map.shardNames.suffix(present - count))) }
        var request = ReshardRequest(add: Array(waiting.prefix(count - present)))
        let chosen = count - present - request.add.count
        guard chosen > 0 else { return request }
        var nodes = nodes
        for shard in waiting { for address in shard.nodes { nodes[address] = shard.name } }
        if let stranger = nodes.keys.sorted().first(where: { !LocalHosts.isLoopback($0.host) }) {
            let advice = "say names and addresses instead: --add NAME=HOST:PORT"
            throw ReshardError(
                .contradiction,
                "addresses can't be chosen: \(stranger) is not a loopback address; \(advice)"
            )
        }
        var names = FreeNames(map.shardNames + waiting.map(\.name))
        var addresses = FreeAddresses(nodes)
        let leaders = try (0..<chosen).map { _ throws(ReshardError) in try addresses.next() }
        for leader in leaders {
            let others = try (0..<max(0, replicas)).map { _ throws(ReshardError) in try addresses.next() }
            request.add.append(NewShard(name: names.next(), address: leader, replicas: others))
        }
        return request
    }
}

/// Names in the way of those there are: `shard2` after `shard0` and `shard1`.
private struct FreeNames {
    private var used: Set<String>
    private let stem: String
    private var number: Int

    init(_ names: [String]) {
        used = Set(names)
        let last = names.last ?? ""
        let digits = last.reversed().prefix { $0.isASCII && $0.isNumber }.count
        // A longer number is no counter, and a longer stem leaves no room for one.
        let isCounted = (1...6).contains(digits) && last.utf8.count <= ReshardRequest.nameBytesMax - 2
        stem = isCounted ? String(last.dropLast(digits)) : "shard"
        number = isCounted ? (Int(last.suffix(digits)) ?? 0) + 1 : names.count
    }

    mutating func next() -> String {
        while used.contains("\(stem)\(number)") { number += 1 }
        let name = "\(stem)\(number)"
        used.insert(name)
        return name
    }
}

/// The next hosts of 127.0.0.0/8 that no node uses, at the port most nodes have.
private struct FreeAddresses {
    private var used: Set<String>
    private let port: UInt16
    private var host: UInt32 = 1

    init(_ nodes: [NodeAddress: String]) {
        used = Set(nodes.keys.map(\.host))
        let ports = Dictionary(grouping: nodes.keys, by: \.port).mapValues(\.count)
        port = ports.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 8080
    }

    /// The last host that is looked at: below the network's broadcast address.
    private static let hostMax: UInt32 = (1 << 24) - 2

    mutating func next() throws(ReshardError) -> NodeAddress {
        while host < Self.hostMax {
            host += 1
            let text = "127.\(host >> 16 & 255).\(host >> 8 & 255).\(host & 255)"
            if used.insert(text).inserted { return NodeAddress(host: text, port: port) }
        }
        throw ReshardError(.badShardCount, "no loopback address is free; say addresses with --add NAME=HOST:PORT")
    }
}
