/// Slots that go from one shard to another in one hand-over. Done when the slot map says that the target owns them;
/// nothing else keeps account.
package struct ReshardMove: Hashable, Sendable, Codable {
    /// Its place in the plan, from 0.
    package var index: Int
    package var source: String
    package var target: String
    package var slots: SlotList
    /// As counted when it was planned.
    package var keys: UInt64
    package var bytes: UInt64

    package init(index: Int, source: String, target: String, slots: SlotList, keys: UInt64 = 0, bytes: UInt64 = 0) {
        self.index = index
        self.source = source
        self.target = target
        self.slots = slots
        self.keys = keys
        self.bytes = bytes
    }

    /// Where a move stands, as the slot map tells.
    package enum Stage: Hashable, Sendable {
        /// The source owns all of its slots.
        case due
        /// The target owns all of its slots.
        case done
        /// Neither: the map was changed by something else; the first slot that says so, and who owns it.
        case stale(slot: UInt16, owner: String)
    }
}
