import Foundation
import Resharding
import Routing
import Storage
import Testing

@Suite struct ReshardStatusTests {
    private let map: SlotMap
    private let job: ReshardJob

    init() throws {
        let before = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"])
        let counts = [SlotCount](repeating: SlotCount(keys: 10, bytes: 1_000), count: 16384)
        let add = ReshardRequest.NewShard(name: "c", address: NodeAddress(host: "c", port: 1))
        let plan = try ReshardPlan(ReshardRequest(add: [add]), current: before, policy: .fixed, counts: counts)
        job = try ReshardJob(plan, id: "j", requester: "", now: 0, rate: 1 << 20)
        map = try job.beginning(on: before).map
    }

    private func progress(_ shard: String, move: Int? = nil, keys: UInt64 = 0, bytes: UInt64 = 0, speed: UInt64 = 0)
        -> ReshardProgress
    {
        var progress = ReshardProgress(job: "j", shard: shard)
        progress.target.move = move
        progress.target.keysCopied = keys
        progress.target.bytesCopied = bytes
        progress.target.bytesPerSecond = speed
        return progress
    }

    @Test func theSumHasTheContractsFields() throws {
        var source = progress("a")
        source.source.pauses.record(7)
        source.source.pauses.record(3)
        let nodes = [progress("c", move: 1, keys: 5, bytes: 500, speed: 100_000), source]
        let first = job.moves[0]
        let status = ReshardStatus(job, map: try map.giving(first.slots.ranges, to: "c"), nodes: nodes)
        let json = try JSONSerialization.jsonObject(with: JSONEncoder().encode(status)) as? [String: Any]
        #expect(json?["state"] as? String == "running")
        #expect(json?["slots_total"] as? Int == 5461)
        #expect(json?["slots_moved"] as? Int == first.slots.count)
        #expect(json?["keys_moved"] as? Int == first.slots.count * 10 + 5)
        #expect(json?["bytes_moved"] as? Int == first.slots.count * 1_000 + 500)
        #expect(json?["bytes_per_second"] as? Int == 100_000)
        #expect(json?["pause_ms_max"] as? Int == 7)
        let left = Double(5_461_000 - first.slots.count * 1_000 - 500) / 100_000
        let eta = try #require(json?["eta_seconds"] as? Int)
        #expect(abs(Double(eta) - left - 0.05 * Double(job.moves.count - 1)) <= 1)
        #expect(try JSONDecoder().decode(ReshardStatus.self, from: JSONEncoder().encode(status)) == status)
    }

    /// What nodes say comes over the network: nothing they say can crash, or count more than there is.
    @Test func exaggerationsAreCut() {
        let much = UInt64.max
        let nodes = [
            progress("c", move: 0, keys: much, bytes: much, speed: much), progress("d", move: -1, speed: much),
            progress("e", move: .max, keys: much),
        ]
        let status = ReshardStatus(job, map: map, nodes: nodes)
        #expect(status.keysMoved == job.moves[0].keys && status.bytesMoved == job.moves[0].bytes)
        #expect(status.bytesPerSecond == much)
        var stranger = progress("c", move: 0, keys: 5)
        stranger.job = "another"
        #expect(ReshardStatus(job, map: map, nodes: [stranger]).keysMoved == 0)
    }

    @Test func whatIsNotKnownIsNotGuessed() throws {
        #expect(ReshardStatus(job, map: map, nodes: []).etaSeconds == nil)
        #expect(ReshardStatus(try job.pausing(), map: map, nodes: [progress("c", speed: 9)]).etaSeconds == nil)
    }

    @Test func theEndReadsAsSuch() throws {
        let done = try job.moves.reduce(map) { try $0.giving($1.slots.ranges, to: $1.target) }
        let step = try #require(job.ending(on: done))
        let status = ReshardStatus(step.job, map: step.map, nodes: [])
        #expect(status.state == .done && status.slotsMoved == status.slotsTotal && status.etaSeconds == 0)
        #expect(status.keysMoved == status.keysTotal && status.movesDone == status.movesTotal)
    }

    @Test func pausesAreCountedByLength() {
        var pauses = PauseHistogram()
        #expect(pauses.quantile(0.99) == 0)
        for _ in 0..<98 { pauses.record(3) }
        pauses.record(40)
        pauses.record(5_000)
        #expect(pauses.total == 100 && pauses.max == 5_000)
        #expect(pauses.quantile(0.5) == 5 && pauses.quantile(0.99) == 50 && pauses.quantile(1) == 5_000)
        var sum = PauseHistogram()
        sum.record(1)
        sum.add(pauses)
        #expect(sum.total == 101 && sum.max == 5_000)
        var short = PauseHistogram()
        short.record(3)
        #expect(short.quantile(0.5) == 3)
    }

    @Test func histogramsOfAnotherShapeAreRefused() {
        let text = Data("{\"counts\":[1,2],\"max\":3}".utf8)
        #expect(throws: (any Error).self) { try JSONDecoder().decode(PauseHistogram.self, from: text) }
    }
}
