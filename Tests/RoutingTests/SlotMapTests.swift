import Foundation
import Routing
import Testing

@Suite struct SlotMapTests {
    @Test func rangesCoverWhatAShardOwns() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b", "c"])
        #expect(map.ranges(ofShard: 0) == [0...5460])
        #expect(map.ranges(ofShard: 1) == [5461...10921])
        #expect(map.ranges(ofShard: 2) == [10922...16383])
        #expect(map.slotCount(ofShard: 1) == 5461)
        #expect(map.ownerName(of: 16383) == "c")
        #expect(map.index(ofShard: "b") == 1)
        #expect(map.index(ofShard: "d") == nil)
    }

    @Test func alternatingOwnersHaveOneSlotRanges() throws {
        let map = try PlacementPolicy.modulo.map(current: nil, shards: ["a", "b"])
        #expect(map.ranges(ofShard: 1).count == 8192)
        #expect(map.ranges(ofShard: 1).last == 16383...16383)
    }

    @Test(arguments: PlacementPolicy.allCases)
    func survivesJSON(policy: PlacementPolicy) throws {
        let map = try policy.map(current: nil, shards: ["a", "b", "c"])
        let data = try JSONEncoder().encode(map)
        #expect(try JSONDecoder().decode(SlotMap.self, from: data) == map)
    }

    @Test(arguments: [
        #"{"version":1,"shards":["a"],"runs":[16383,0]}"#, #"{"version":1,"shards":["a"],"runs":[16384,1]}"#,
        #"{"version":1,"shards":["a"],"runs":[16385,0]}"#, #"{"version":1,"shards":["a","a"],"runs":[16384,0]}"#,
        #"{"version":1,"shards":["a"],"runs":[-1,0,16385,0]}"#,
    ])
    func refusesMapsThatAreNotTotal(json: String) {
        #expect(throws: (any Error).self) { try JSONDecoder().decode(SlotMap.self, from: Data(json.utf8)) }
    }

    @Test func movesAreByName() throws {
        let owners = [UInt16](repeating: 0, count: 16384)
        let one = try SlotMap(version: 1, shardNames: ["a", "b"], owners: owners)
        let renumbered = try SlotMap(version: 2, shardNames: ["b", "a"], owners: owners.map { _ in 1 })
        let other = try SlotMap(version: 2, shardNames: ["b", "a"], owners: owners)
        #expect(renumbered.movedSlots(from: one).isEmpty)
        #expect(other.movedSlots(from: one).count == 16384)
    }
}
