import Model
import Testing

/// Sets of slots against sets of numbers.
@Suite struct SlotSetTests {
    private static let last = UInt16(StorageLimits.slotCount - 1)

    private static func set(_ ranges: [ClosedRange<UInt16>]) -> SlotSet {
        var set = SlotSet()
        for range in ranges { set.insert(range) }
        return set
    }

    @Test(
        arguments: [
            [0...0], [last...last], [0...last], [63...64], [0...63], [64...127], [5...6, 8...8], [1...200, 100...300],
            [7...7, 6...6, 5...5], [0...62, 64...64, 127...128, 16_320...16_383],
        ] as [[ClosedRange<UInt16>]]
    )
    func holdsWhatWasInserted(ranges: [ClosedRange<UInt16>]) {
        let set = Self.set(ranges)
        let expected = Set(ranges.flatMap { Array($0) })
        #expect(set.count == expected.count)
        #expect((0...Self.last).allSatisfy { set.contains($0) == expected.contains($0) })
        #expect(Set(set.ranges.flatMap { Array($0) }) == expected)
    }

    @Test func rangesAreAsFewAsPossibleAndInOrder() {
        #expect(SlotSet().ranges.isEmpty)
        #expect(Self.set([70...90, 0...1, 2...69]).ranges == [0...90])
        #expect(Self.set([100...100, 3...4, 102...16_383]).ranges == [3...4, 100...100, 102...16_383])
    }

    @Test func insertingTwiceCountsOnce() {
        #expect(Self.set([10...20, 15...25, 10...20]).count == 16)
    }
}
