import Model
import Routing

/// What a node holds of each slot: `GET /slots` (docs/protocol.md).
package struct SlotsDocument: Codable, Hashable, Sendable {
    /// Slots in a row that hold keys or had commands; an entry of each list for every slot.
    package struct Run: Codable, Hashable, Sendable {
        package var slot: Int
        package var keys: [UInt64]
        package var bytes: [UInt64]
        /// Commands since the node's start, estimated from one in 16.
        package var operations: [UInt64]

        package init(slot: Int, keys: [UInt64], bytes: [UInt64], operations: [UInt64]) {
            self.slot = slot
            self.keys = keys
            self.bytes = bytes
            self.operations = operations
        }
    }

    package var schema = 1
    package var cluster: String
    package var shard: String
    package var address: String
    package var role: NodeStatus.Role
    /// The slot map as the node knows it.
    package var map: SlotMap
    /// Milliseconds for which `operations` were counted.
    package var countedMilliseconds: UInt64
    package var runs: [Run]

    package enum CodingKeys: String, CodingKey {
        case schema, cluster, shard, address, role, map
        case countedMilliseconds = "counted_ms"
        case runs
    }

    /// - Parameters:
    ///   - counts: of all slots, those included that other shards own.
    ///   - operations: commands by slot, as many.
    package init(
        cluster: String,
        shard: String,
        address: String,
        role: NodeStatus.Role,
        map: SlotMap,
        counts: [SlotCount],
        operations: [UInt64],
        countedMilliseconds: UInt64
    ) {
        self.cluster = cluster
        self.shard = shard
        self.address = address
        self.role = role
        self.map = map
        self.countedMilliseconds = countedMilliseconds
        runs = []
        var isOpen = false
        for (slot, (count, commands)) in zip(counts, operations).enumerated() {
            guard count.keys > 0 || commands > 0 else {
                isOpen = false
                continue
            }
            if !isOpen { runs.append(Run(slot: slot, keys: [], bytes: [], operations: [])) }
            isOpen = true
            runs[runs.count - 1].keys.append(count.keys)
            runs[runs.count - 1].bytes.append(count.bytes)
            runs[runs.count - 1].operations.append(commands)
        }
    }

    /// Whether every run lies within the slots and its lists are of one length: it comes over the network.
    package var isSound: Bool {
        runs.allSatisfy { run in
            run.slot >= 0 && run.keys.count <= StorageLimits.slotCount
                && run.slot <= StorageLimits.slotCount - run.keys.count
                && run.bytes.count == run.keys.count && run.operations.count == run.keys.count
        }
    }
}
