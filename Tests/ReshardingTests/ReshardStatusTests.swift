import Foundation
import Model
import Resharding
import Routing
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
}

@Suite struct JoinedReshardStatusTests {
    /// Each node tells its own part; together they say what one who asked all of them would.
    @Test func partsOfAllShardsAreJoined() throws {
        let before = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"])
        let counts = [SlotCount](repeating: SlotCount(keys: 10, bytes: 1_000), count: 16384)
        let add = try ["c", "d"].map {
            ReshardRequest.NewShard(name: $0, address: try NodeAddress("\($0):1"))
        }
        let plan = try ReshardPlan(ReshardRequest(add: add), current: before, policy: .fixed, counts: counts)
        let job = try ReshardJob(plan, id: "j", requester: "", now: 0)
        let map = try job.beginning(on: before).map
        let first = job.moves[0]
        let later = try map.giving(first.slots.ranges, to: first.target)
        let nodes = ["a", "c", "d"].map { shard in
            var part = ReshardProgress(job: "j", shard: shard)
            part.source.pauses.record(shard == "a" ? 9 : 4)
            guard shard != "a" else { return part }
            part.target.move = job.moves.lastIndex { $0.target == shard }
            (part.target.keysCopied, part.target.keysTotal) = (7, 100)
            (part.target.bytesCopied, part.target.bytesTotal, part.target.bytesPerSecond) = (700, 10_000, 50_000)
            return part
        }
        // One of them is behind: it has not seen yet that a move is done.
        var told = nodes.map { ReshardStatus(job, map: later, nodes: [$0]) }
        told.append(ReshardStatus(job, map: map, nodes: []))
        let joined = try #require(ReshardStatus(joining: told.shuffled()))
        #expect(joined == ReshardStatus(job, map: later, nodes: nodes))
        #expect(joined.keysMoved == UInt64(first.slots.count) * 10 + 14 && joined.pauseMsMax == 9)
        #expect(ReshardStatus(joining: []) == nil)
        var exaggerating = nodes[1]
        (exaggerating.target.keysCopied, exaggerating.target.keysTotal) = (.max, .max)
        let much = ReshardStatus(job, map: later, nodes: [])
        var liar = much
        liar.nodes = [exaggerating]
        #expect(ReshardStatus(joining: [much, liar])?.keysMoved ?? .max <= much.keysTotal)
    }
}
