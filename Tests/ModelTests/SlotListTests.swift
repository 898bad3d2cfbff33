import Foundation
import Model
import TestSupport
import Testing

@Suite struct SlotListTests {
    @Test(arguments: [
        ("0", "0"), ("16383", "16383"), ("0-16383", "0-16383"), ("7,5,6", "5-7"), ("10-12,13-15", "10-15"),
        ("100-200,0,16383", "0,100-200,16383"),
    ])
    func readsWhatUsersWrite(text: String, normal: String) throws {
        let list = try SlotList(text)
        #expect(list.description == normal)
        #expect(try SlotList(list.description) == list)
        #expect(list.count == list.slots.count && list.set.count == list.count)
        let coded = try JSONDecoder().decode(SlotList.self, from: JSONEncoder().encode(list))
        #expect(coded == list)
    }

    @Test(arguments: [
        ("", ReshardError.Code.badText), ("a", .badText), ("1-", .badText), ("-1", .badText), ("1-2-3", .badText),
        ("1,,2", .badText), ("+5", .badText), (" 5", .badText), ("٣", .badText), ("99999999999999999999", .badText),
        ("16384", .badSlots), ("0-16384", .badSlots), ("9-5", .badSlots), ("1,1", .badSlots), ("1-5,3", .badSlots),
    ])
    func refusesTheRestAndSaysWhat(text: String, code: ReshardError.Code) {
        #expect { try SlotList(text) } throws: { error in
            guard let error = error as? ReshardError else { return false }
            return error.code == code && error.message.contains("slot")
        }
    }

    @Test(arguments: 0..<40) func isTheSetOfItsSlots(seed: Int) {
        var random = SplitMix(seed: UInt64(seed))
        var chosen: Set<UInt16> = []
        for _ in 0..<Int.random(in: 0...200, using: &random) {
            let first = UInt16.random(in: 0..<16384, using: &random)
            for slot in first..<min(16384, first + UInt16.random(in: 1...9, using: &random)) { chosen.insert(slot) }
        }
        let list = SlotList(chosen.shuffled(using: &random))
        #expect(list.slots == chosen.sorted())
        #expect(SlotList(list.set) == list)
        for slot in 0..<UInt16(16384) where list.contains(slot) != chosen.contains(slot) {
            Issue.record("slot \(slot), seed \(seed)")
            return
        }
        for (one, next) in zip(list.ranges, list.ranges.dropFirst()) {
            #expect(one.upperBound + 1 < next.lowerBound, "ranges are joined, seed \(seed)")
        }
    }

    @Test func emptyListsSurviveJSON() throws {
        #expect(try JSONDecoder().decode([SlotList].self, from: Data("[\"\"]".utf8))[0].isEmpty)
        #expect(SlotList().description.isEmpty)
    }
}
