import Model

/// The order in which engines take writes: by slot, then by key bytes.
enum EngineOrder {
    /// Below this a comparison sort costs less than counting all slots.
    private static let countingMin = 2048

    /// Counting by slot first keeps this linear: with a few keys per slot the comparison sort is over runs of a handful.
    /// - Returns: indices below `count`, in the engines' order; equal keys stay in the order of their indices.
    @inline(__always)
    static func sorted(
        count: Int,
        slot: (Int) -> UInt16,
        key: (Int) -> UnsafeRawBufferPointer
    ) -> [Int32] {
        if count < countingMin {
            return (0..<Int32(count)).sorted { left, right in
                let (first, second) = (slot(Int(left)), slot(Int(right)))
                return first != second ? first < second : compareKeys(key(Int(left)), key(Int(right))) < 0
            }
        }
        var starts = [Int32](repeating: 0, count: StorageLimits.slotCount + 1)
        for index in 0..<count { starts[Int(slot(index)) + 1] += 1 }
        for slot in 0..<StorageLimits.slotCount { starts[slot + 1] += starts[slot] }
        var order = [Int32](repeating: 0, count: count)
        var next = starts
        for index in 0..<count {
            let slot = Int(slot(index))
            order[Int(next[slot])] = Int32(index)
            next[slot] += 1
        }
        for slot in 0..<StorageLimits.slotCount where starts[slot + 1] - starts[slot] > 1 {
            order[Int(starts[slot])..<Int(starts[slot + 1])].sort { compareKeys(key(Int($0)), key(Int($1))) < 0 }
        }
        return order
    }
}
