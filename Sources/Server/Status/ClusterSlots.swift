import Model
import Routing

/// The slots of a whole cluster, put together of what the shards' leaders tell.
package struct ClusterSlots: Hashable, Sendable {
    package struct Slot: Hashable, Sendable {
        package var keys: UInt64
        package var bytes: UInt64
        /// Commands per second between two answers; nil before there were two.
        package var rate: UInt64?

        package init(keys: UInt64 = 0, bytes: UInt64 = 0, rate: UInt64? = nil) {
            self.keys = keys
            self.bytes = bytes
            self.rate = rate
        }
    }

    /// The newest map that any node told.
    package let map: SlotMap
    /// Of each slot what its owner holds; nothing where the owner did not answer (`isKnown`).
    package let slots: [Slot]
    /// Shards of the map whose leader did not answer.
    package let unknownShards: Set<String>

    /// - Parameters:
    ///   - documents: what leaders answered.
    ///   - previous: what they answered before, for rates.
    /// - Returns: nil if nobody answered.
    package init?(_ documents: [SlotsDocument], previous: [SlotsDocument] = []) {
        guard let map = documents.map(\.map).max(by: { $0.version < $1.version }) else { return nil }
        var slots = [Slot](repeating: Slot(), count: StorageLimits.slotCount)
        var unknown = Set(map.shardNames)
        for document in documents where document.isSound {
            guard let shard = map.index(ofShard: document.shard) else { continue }
            unknown.remove(document.shard)
            let rates = Rates(document, before: previous.first { $0.address == document.address })
            for slot in slots.indices where map.owners[slot] == shard { slots[slot].rate = rates.of(slot, 0) }
            for run in document.runs {
                for (offset, keys) in run.keys.enumerated() where map.owners[run.slot + offset] == shard {
                    let slot = run.slot + offset
                    let rate = rates.of(slot, run.operations[offset])
                    slots[slot] = Slot(keys: keys, bytes: run.bytes[offset], rate: rate)
                }
            }
        }
        self.init(map: map, slots: slots, unknownShards: unknown)
    }

    package init(map: SlotMap, slots: [Slot], unknownShards: Set<String> = []) {
        self.map = map
        self.slots = slots
        self.unknownShards = unknownShards
    }

    package func isKnown(_ slot: Int) -> Bool {
        unknownShards.isEmpty || !unknownShards.contains(map.ownerName(of: UInt16(slot)))
    }

    /// Differences of counts, as rates.
    private struct Rates {
        private let milliseconds: UInt64?
        private var before: [UInt64] = []

        init(_ document: SlotsDocument, before: SlotsDocument?) {
            guard let before, before.isSound, document.countedMilliseconds > before.countedMilliseconds else {
                // Nothing to compare with, or the node was started anew.
                milliseconds = nil
                return
            }
            milliseconds = document.countedMilliseconds - before.countedMilliseconds
            self.before = [UInt64](repeating: 0, count: StorageLimits.slotCount)
            for run in before.runs {
                for (offset, count) in run.operations.enumerated() { self.before[run.slot + offset] = count }
            }
        }

        func of(_ slot: Int, _ count: UInt64) -> UInt64? {
            guard let milliseconds else { return nil }
            let more = count > before[slot] ? count - before[slot] : 0
            // Counts come over the network: the product must not trap.
            return UInt64(min(Double(more) * 1_000 / Double(milliseconds), 1e15))
        }
    }
}
