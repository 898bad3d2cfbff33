import Foundation
import Model
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

    /// Maps of the time before they said which policy is in force.
    @Test func mapsWithoutAPolicyAreRead() throws {
        let text = Data(#"{"version":1,"shards":["a"],"runs":[16384,0]}"#.utf8)
        #expect(try JSONDecoder().decode(SlotMap.self, from: text).placement == nil)
        #expect(try PlacementPolicy.ring.map(current: nil, shards: ["a"]).placement == .ring)
    }

    @Test func changesAreNewVersions() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"])
        let more = try map.adding(shards: ["c"])
        #expect(more.version == 2 && more.shardNames == ["a", "b", "c"] && more.owners == map.owners)
        let moved = try more.giving([0...0, 16383...16383], to: "c")
        #expect(moved.version == 3 && moved.movedSlots(from: map) == [0, 16383] && moved.placement == .fixed)
        let back = try moved.giving([0...0, 16383...16383], to: "b").giving([0...8191], to: "b")
        let less = back.dropping(shards: ["a", "b"], placement: .ring)
        #expect(less.shardNames == ["b", "c"] && less.placement == .ring, "only what owns nothing may go")
        #expect(less.slotCount(ofShard: 0) == 16384 && less.version == back.version + 1)
    }

    @Test func changesThatCannotBeAreRefused() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"])
        #expect(throws: RoutingError.self) { try map.adding(shards: ["a"]) }
        #expect(throws: RoutingError.self) { try map.adding(shards: (0..<16383).map { "s\($0)" }) }
        #expect(throws: RoutingError.self) { try map.giving([0...0], to: "z") }
        #expect(throws: RoutingError.self) { try map.giving([16384...16384], to: "a") }
    }
}
