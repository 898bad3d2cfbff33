/// Slots with what is in them.
package struct ReshardAmount: Hashable, Sendable, Codable {
    package var slots: UInt64
    package var keys: UInt64
    package var bytes: UInt64

    package init(slots: UInt64 = 0, keys: UInt64 = 0, bytes: UInt64 = 0) {
        self.slots = slots
        self.keys = keys
        self.bytes = bytes
    }

    /// Counts come from other nodes: a sum that is too large is the largest number.
    package static func sum(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, isOver) = left.addingReportingOverflow(right)
        return isOver ? .max : sum
    }

    /// One slot more.
    package mutating func add(_ count: SlotCount?) {
        slots += 1
        keys = Self.sum(keys, count?.keys ?? 0)
        bytes = Self.sum(bytes, count?.bytes ?? 0)
    }
}
