/// Slots as text: `0-99,200,16383`. Ascending, disjoint and joined, whatever the text's order was.
package struct SlotList: Hashable, Sendable, CustomStringConvertible {
    package let ranges: [ClosedRange<UInt16>]

    package init() { ranges = [] }

    /// The slots of a set.
    package init(_ set: SlotSet) { ranges = set.ranges }

    /// Slots in any order; those that don't exist are left out.
    package init(_ slots: some Sequence<UInt16>) {
        var ranges: [ClosedRange<UInt16>] = []
        for slot in slots.sorted() where slot < StorageLimits.slotCount {
            if let last = ranges.last, last.upperBound == slot { continue }
            if let last = ranges.last, last.upperBound + 1 == slot {
                ranges[ranges.count - 1] = last.lowerBound...slot
            } else {
                ranges.append(slot...slot)
            }
        }
        self.ranges = ranges
    }

    /// Reads a list as users write it.
    /// - Throws: `.badText` for what is no list, `.badSlots` for slots that don't exist or are named twice.
    package init(_ text: some StringProtocol) throws(ReshardError) {
        var set = SlotSet()
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let range = try Self.range(part, in: text)
            if let twice = range.first(where: { set.contains($0) }) {
                throw ReshardError(
                    .badSlots,
                    "slots \"\(text.prefix(80))\": slot \(twice) is named twice; name it once"
                )
            }
            set.insert(range)
        }
        self.init(set)
    }

    private static func range(
        _ part: some StringProtocol,
        in text: some StringProtocol
    ) throws(ReshardError) -> ClosedRange<UInt16> {
        let ends = part.split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count <= 2, let low = number(ends.first), let high = number(ends.last) else {
            throw ReshardError(
                .badText,
                "slots \"\(text.prefix(80))\": not a slot: \(part.prefix(20)) (write 0-99,200)"
            )
        }
        guard max(low, high) < StorageLimits.slotCount else {
            let last = StorageLimits.slotCount - 1
            throw ReshardError(.badSlots, "slots \"\(text.prefix(80))\": not a slot: \(max(low, high)) (0 to \(last))")
        }
        guard low <= high else {
            throw ReshardError(.badSlots, "slots \"\(text.prefix(80))\": \(low) is above \(high); write \(high)-\(low)")
        }
        return UInt16(low)...UInt16(high)
    }

    private static func number(_ text: (some StringProtocol)?) -> Int? {
        guard let text, !text.isEmpty, text.utf8.count <= 8, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }

    package var isEmpty: Bool { ranges.isEmpty }
    package var count: Int { ranges.reduce(0) { $0 + $1.count } }

    /// Ascending.
    package var slots: [UInt16] { ranges.flatMap { Array($0) } }

    package var set: SlotSet {
        var set = SlotSet()
        for range in ranges { set.insert(range) }
        return set
    }

    package func contains(_ slot: UInt16) -> Bool {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < slot { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].contains(slot)
    }

    package var description: String {
        ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ",")
    }

    /// The list for a line of text: cut after a few ranges.
    package var short: String {
        let shown = 4
        guard ranges.count > shown else { return description }
        return SlotList(ranges.prefix(shown).flatMap { Array($0) }).description + ",… (\(count) slots)"
    }
}

extension SlotList: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        if text.isEmpty { self.init() } else { try self.init(text) }
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
