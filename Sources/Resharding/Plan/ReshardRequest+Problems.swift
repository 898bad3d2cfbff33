import Model
import Routing

extension ReshardRequest {
    /// Letters of a shard's name: names appear in folder names, URLs and table columns (as in config.yaml).
    package static let nameBytesMax = 64

    /// Everything that is wrong with the request, the first things first; empty when it can be planned.
    /// - Parameters:
    ///   - map: the slot map in force.
    ///   - nodes: the addresses in use, and which shard uses them, from config.yaml and the coordinator.
    package func problems(map: SlotMap, nodes: [NodeAddress: String]) -> [ReshardError] {
        guard isPlacedByPolicy || !moves.isEmpty else {
            let advice = "add or remove shards, change the policy, rebalance, or move slots"
            return [ReshardError(.nothingAsked, "nothing to do: \(advice)")]
        }
        return additionProblems(map, nodes) + removalProblems(map) + countProblems(map) + moveProblems(map)
    }

    /// Throws the first of the `problems`.
    package func check(map: SlotMap, nodes: [NodeAddress: String]) throws(ReshardError) {
        if let first = problems(map: map, nodes: nodes).first { throw first }
    }

    /// What is wrong with one new shard's name beside the others; nil when it is free.
    package static func problem(ofName name: String, map: SlotMap, others: [String]) -> ReshardError? {
        guard isPlain(name) else {
            return ReshardError(
                .badName,
                "shard name \"\(name.prefix(80))\": letters, digits, '-', '_' and '.' only, a letter or digit first, "
                    + "at most \(nameBytesMax)"
            )
        }
        if map.index(ofShard: name) != nil {
            return ReshardError(.duplicate, "there is a shard \(name) already; give the new one another name")
        }
        if others.contains(name) {
            return ReshardError(.duplicate, "shard \(name) is to be added twice; give one of them another name")
        }
        return nil
    }

    /// What is wrong with one address of a new shard beside the others; nil when it is free.
    package static func problem(
        of address: NodeAddress,
        nodes: [NodeAddress: String],
        others: [NodeAddress]
    ) -> ReshardError? {
        if let user = nodes[address] {
            return ReshardError(.duplicate, "\(address) is a node of shard \(user) already; choose another address")
        }
        if others.contains(address) {
            return ReshardError(.duplicate, "\(address) is given to two new nodes; each needs an address of its own")
        }
        return nil
    }

    private static func isPlain(_ name: String) -> Bool {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
            default: false
            }
        }
        return isPlain && !name.isEmpty && !name.hasPrefix(".") && !name.hasPrefix("-")
            && name.utf8.count <= nameBytesMax
    }

    private func additionProblems(_ map: SlotMap, _ nodes: [NodeAddress: String]) -> [ReshardError] {
        var problems: [ReshardError] = []
        var names: [String] = []
        var addresses: [NodeAddress] = []
        for shard in add {
            if let problem = Self.problem(ofName: shard.name, map: map, others: names) { problems.append(problem) }
            names.append(shard.name)
            for address in shard.nodes {
                if let problem = Self.problem(of: address, nodes: nodes, others: addresses) { problems.append(problem) }
                addresses.append(address)
            }
        }
        return problems
    }

    private func removalProblems(_ map: SlotMap) -> [ReshardError] {
        var problems: [ReshardError] = []
        var seen: Set<String> = []
        for name in remove {
            if !seen.insert(name).inserted {
                problems.append(ReshardError(.duplicate, "shard \(name) is to be removed twice; once is enough"))
            } else if map.index(ofShard: name) == nil {
                problems.append(Self.unknown(name, map, "removed"))
            }
        }
        return problems
    }

    private func countProblems(_ map: SlotMap) -> [ReshardError] {
        let count = shards(after: map).count
        if count == 0 {
            return [ReshardError(.badShardCount, "all shards are to be removed; one at least must stay or come")]
        }
        guard count <= PlacementPolicy.shardsMax else {
            let most = PlacementPolicy.shardsMax
            return [ReshardError(.badShardCount, "\(count) shards are more than the \(most) slots; add fewer")]
        }
        return []
    }

    private func moveProblems(_ map: SlotMap) -> [ReshardError] {
        let staying = Set(shards(after: map))
        let leaving = Set(remove)
        var problems: [ReshardError] = []
        var moved = SlotSet()
        for move in moves {
            if move.slots.isEmpty {
                problems.append(ReshardError(.badSlots, "the move to \(move.shard) names no slot"))
            }
            if leaving.contains(move.shard) {
                let text =
                    "slots \(move.slots.short) are to move to \(move.shard), which is to be removed; choose another"
                problems.append(ReshardError(.contradiction, text))
            } else if !staying.contains(move.shard) {
                problems.append(Self.unknown(move.shard, map, "given slots \(move.slots.short)"))
            }
            if let twice = move.slots.slots.first(where: { moved.contains($0) }) {
                problems.append(ReshardError(.badSlots, "slot \(twice) is to move twice; name it once"))
            }
            moved.formUnion(move.slots.set)
        }
        return problems
    }

    private static func unknown(_ name: String, _ map: SlotMap, _ what: String) -> ReshardError {
        let known = map.shardNames.prefix(8).joined(separator: ", ") + (map.shardNames.count > 8 ? ", …" : "")
        return ReshardError(.unknownShard, "shard \(name.prefix(80)) can't be \(what): there is none; known: \(known)")
    }
}
