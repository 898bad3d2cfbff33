import FoundationEssentials
import Model
import Routing
import Server
import Storage
import Testing

/// `GET /slots`, and what the slots of several shards come to.
@Suite struct SlotsTests {
    private func document(
        _ shard: String,
        map: SlotMap,
        _ slots: [Int: (keys: UInt64, bytes: UInt64, operations: UInt64)],
        after milliseconds: UInt64 = 1_000
    ) -> SlotsDocument {
        var counts = [SlotCount](repeating: SlotCount(), count: StorageLimits.slotCount)
        var operations = [UInt64](repeating: 0, count: StorageLimits.slotCount)
        for (slot, figures) in slots {
            counts[slot] = SlotCount(keys: figures.keys, bytes: figures.bytes)
            operations[slot] = figures.operations
        }
        return SlotsDocument(
            cluster: "demo",
            shard: shard,
            address: "\(shard):1",
            role: .leader,
            map: map,
            counts: counts,
            operations: operations,
            countedMilliseconds: milliseconds
        )
    }

    @Test func onlySlotsWithSomethingInThemAreListed() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        let one = document("a", map: map, [0: (1, 10, 0), 1: (2, 20, 5), 9: (0, 0, 7), 16_383: (3, 30, 0)])
        #expect(one.runs.map(\.slot) == [0, 9, 16_383])
        #expect(one.runs[0] == .init(slot: 0, keys: [1, 2], bytes: [10, 20], operations: [0, 5]))
        let bytes = StatusJSON.encode(one)
        #expect(StatusJSON.decode(SlotsDocument.self, from: bytes) == one)
        #expect(document("a", map: map, [:]).runs.isEmpty)
    }

    /// All slots in use, with large figures: what a console fetches every two seconds stays bounded.
    @Test func theDocumentIsBounded() throws {
        let map = try PlacementPolicy.modulo.map(current: nil, shards: ["a", "b"])
        let full = Dictionary(
            uniqueKeysWithValues: (0..<16_384).map { ($0, (UInt64(99_999), UInt64(99_999_999), UInt64(1 << 40))) }
        )
        #expect(StatusJSON.encode(document("a", map: map, full)).count < 1 << 20)
    }

    @Test func theOwnersCountsMakeTheCluster() throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b", "c"])
        // b holds strays in a's slots: they are none of the cluster's keys.
        let a = document("a", map: map, [5: (10, 100, 40)], after: 3_000)
        let b = document("b", map: map, [5: (99, 990, 0), 6_000: (7, 70, 8)], after: 3_000)
        let before = [document("a", map: map, [5: (9, 90, 10)], after: 1_000)]
        let slots = try #require(ClusterSlots([a, b], previous: before))
        #expect(slots.slots[5] == .init(keys: 10, bytes: 100, rate: 15))
        #expect(slots.slots[4] == .init(keys: 0, bytes: 0, rate: 0))
        #expect(slots.slots[6_000] == .init(keys: 7, bytes: 70, rate: nil))
        #expect(slots.unknownShards == ["c"])
        #expect(slots.isKnown(5) && !slots.isKnown(16_000))
        #expect(ClusterSlots([]) == nil)
    }

    @Test func theNewestMapRulesAndARestartHasNoRates() throws {
        let old = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"])
        var new = old
        new.version += 1
        let slots = try #require(
            ClusterSlots(
                [document("a", map: old, [:]), document("b", map: new, [:], after: 500)],
                previous: [document("b", map: old, [9_000: (1, 1, 100)], after: 60_000)]
            )
        )
        #expect(slots.map.version == new.version)
        #expect(slots.slots[9_000].rate == nil)
    }

    @Test(arguments: [
        #"{"slot":-1,"keys":[1],"bytes":[1],"operations":[1]}"#,
        #"{"slot":16384,"keys":[1],"bytes":[1],"operations":[1]}"#,
        #"{"slot":0,"keys":[1,2],"bytes":[1],"operations":[1]}"#,
        #"{"slot":9223372036854775807,"keys":[1],"bytes":[1],"operations":[1]}"#,
    ])
    func runsThatMakeNoSenseAreLeftOut(run: String) throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        var one = document("a", map: map, [:])
        one.runs = [try JSONDecoder().decode(SlotsDocument.Run.self, from: Data(run.utf8))]
        #expect(!one.isSound)
        #expect(ClusterSlots([one], previous: [one])?.unknownShards == ["a"])
    }

    @Test func aNodeTellsItsSlotsAndHowBusyTheyAre() async throws {
        let fixture = try await ServerFixture(loops: 1)
        let connection = try fixture.connect()
        let rounds = 2_000
        // "foo" is in slot 12182, "bar" in 5061; one of them three times as often.
        var expected = ""
        var request = "SET foo 1\r\nSET bar 22\r\n"
        expected += "+OK\r\n+OK\r\n"
        for _ in 0..<rounds {
            request += "GET foo\r\nGET bar\r\nGET foo\r\nGET foo\r\n"
            expected += "$1\r\n1\r\n$2\r\n22\r\n$1\r\n1\r\n$1\r\n1\r\n"
        }
        #expect(try fixture.ask(request, connection, expecting: expected) == expected)
        // A busy applier may be behind by the time that a node waits for it.
        fixture.store.flushApplied()
        let response = try await HTTPFetch.request(method: "GET", address: fixture.address, path: "/slots")
        #expect(response.status == 200)
        let document = try #require(StatusJSON.decode(SlotsDocument.self, from: response.body))
        #expect(document.isSound && document.shard == "shard0" && document.role == .leader)
        #expect(document.runs.map(\.slot) == [5_061, 12_182])
        #expect(document.runs.map(\.keys) == [[1], [1]])
        #expect(document.runs.map(\.bytes) == [[5], [4]])
        let operations = document.runs.map { Double($0.operations[0]) }
        // An estimate from some 500 counted commands: within a quarter, for any rhythm.
        #expect((0.75...1.25).contains((operations[0] + operations[1]) / Double(4 * rounds)))
        #expect((0.65...1.35).contains(operations[1] / Double(3 * rounds)))
        #expect(operations[1] > 2 * operations[0])
        let post = try await HTTPFetch.request(method: "POST", address: fixture.address, path: "/slots")
        #expect(post.status == 405)
        try fixture.serve(phase: .stopped, hasStore: false)
        let stopped = try await HTTPFetch.request(method: "GET", address: fixture.address, path: "/slots")
        #expect(stopped.status == 503)
        try await fixture.stop()
    }
}
