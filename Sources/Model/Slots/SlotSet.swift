/// A set of slots: one bit each.
package struct SlotSet: Hashable, Sendable {
    @usableFromInline private(set) var words = [UInt64](repeating: 0, count: StorageLimits.slotCount / 64)
    package private(set) var count = 0

    package init() {}

    @inlinable package var isEmpty: Bool { count == 0 }

    @inlinable
    package func contains(_ slot: UInt16) -> Bool {
        count != 0 && words[Int(slot >> 6)] & (1 << UInt64(slot & 63)) != 0
    }

    package mutating func insert(_ slots: ClosedRange<UInt16>) {
        let (first, last) = (Int(slots.lowerBound), Int(slots.upperBound))
        var index = first >> 6
        while index <= last >> 6 {
            var mask = UInt64.max
            if index == first >> 6 { mask &= .max << UInt64(first & 63) }
            if index == last >> 6 { mask &= .max >> UInt64(63 - (last & 63)) }
            count += (mask & ~words[index]).nonzeroBitCount
            words[index] |= mask
            index += 1
        }
    }

    package mutating func formUnion(_ other: SlotSet) {
        for index in words.indices { words[index] |= other.words[index] }
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    package mutating func subtract(_ other: SlotSet) {
        for index in words.indices { words[index] &= ~other.words[index] }
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    package func union(_ other: SlotSet) -> SlotSet {
        var result = self
        result.formUnion(other)
        return result
    }

    package func subtracting(_ other: SlotSet) -> SlotSet {
        var result = self
        result.subtract(other)
        return result
    }

    package func isDisjoint(with other: SlotSet) -> Bool {
        words.indices.allSatisfy { words[$0] & other.words[$0] == 0 }
    }

    package func isSubset(of other: SlotSet) -> Bool {
        words.indices.allSatisfy { words[$0] & ~other.words[$0] == 0 }
    }

    /// The slots that are also in `free`, and those in between as far as `free` has all of them: fewer ranges.
    package func joined(within free: SlotSet) -> SlotSet {
        var result = SlotSet()
        for range in free.ranges {
            guard let first = range.first(where: contains), let last = range.last(where: contains) else { continue }
            result.insert(first...last)
        }
        return result
    }

    /// The slots as ranges, as few as possible, in order.
    package var ranges: [ClosedRange<UInt16>] {
        var ranges: [ClosedRange<UInt16>] = []
        var place = 0
        while let first = slot(from: place, isIn: true) {
            place = slot(from: first, isIn: false) ?? StorageLimits.slotCount
            ranges.append(UInt16(first)...UInt16(place - 1))
        }
        return ranges
    }

    /// The first slot at or behind `from` that is in the set, or is not.
    private func slot(from: Int, isIn: Bool) -> Int? {
        var index = from >> 6
        guard index < words.count else { return nil }
        var word = (isIn ? words[index] : ~words[index]) & (.max << UInt64(from & 63))
        while word == 0 {
            index += 1
            guard index < words.count else { return nil }
            word = isIn ? words[index] : ~words[index]
        }
        return (index << 6) + word.trailingZeroBitCount
    }
}
