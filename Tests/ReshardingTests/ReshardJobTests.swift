import Foundation
import Model
import Resharding
import Routing
import Testing

@Suite struct ReshardJobTests {
    private let map: SlotMap
    private let plan: ReshardPlan

    init() throws {
        map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"])
        let request = ReshardRequest(
            add: [.init(name: "c", address: NodeAddress(host: "c", port: 1))],
            remove: ["a"],
            policy: .modulo
        )
        plan = try ReshardPlan(request, current: map, policy: .fixed)
    }

    private func job(rate: UInt64? = nil) throws -> ReshardJob {
        try ReshardJob(plan, id: "0123", requester: "me\nhere", now: 5, rate: rate)
    }

    private func ended(_ job: ReshardJob, on map: SlotMap) throws -> ReshardJob.Step {
        try #require(job.ending(on: map))
    }

    private func carriedOut(_ moves: some Sequence<ReshardMove>, from map: SlotMap) throws -> SlotMap {
        try moves.reduce(map) { try $0.giving($1.slots.ranges, to: $1.target) }
    }

    @Test func documentsSurviveJSON() throws {
        let job = try job(rate: 1 << 20)
        #expect(try ReshardJob(json: job.json()) == job)
        #expect(job.requester == "me here")
        let paused = try job.pausing(reason: "lunch")
        #expect(try ReshardJob(json: paused.json()) == paused)
    }

    /// The largest document there can be stays below what the coordinator takes (1 MiB).
    @Test func theLargestDocumentFits() throws {
        let names = (0..<120).map { String(format: "a-rather-long-name-of-a-shard-%03d", $0) }
        let before = try PlacementPolicy.modulo.map(current: nil, shards: names)
        let add = (0..<8).map {
            ReshardRequest.NewShard(name: "new\($0)", address: NodeAddress(host: "h", port: UInt16($0 + 1)))
        }
        let counts = [SlotCount](repeating: SlotCount(keys: 1 << 40, bytes: 1 << 40), count: 16384)
        let plan = try ReshardPlan(ReshardRequest(add: add), current: before, policy: .modulo, counts: counts)
        let job = try ReshardJob(plan, id: "x", requester: "", now: 0)
        #expect(job.moves.count > 15_000)
        let json = try job.json()
        #expect(json.count < 1 << 20)
        #expect(try ReshardJob(json: json) == job)
        // With what as large a job before it has moved.
        let next = try job.beginning(on: before, after: job).job
        let size = try next.json().count
        #expect(next.earlier.count == 128 && size < 1 << 20)
        #expect(try ReshardJob(json: next.json()) == next)
    }

    /// By shard, over several jobs: a leader that never saw them knows what may be left.
    @Test func aJobTellsWhatEarlierOnesMoved() throws {
        func move(_ slots: String, _ shard: String, _ map: SlotMap) throws -> ReshardJob {
            let request = ReshardRequest(moves: [.init(slots: try SlotList(slots), shard: shard)])
            return try ReshardJob(
                try ReshardPlan(request, current: map, policy: .fixed),
                id: slots,
                requester: "",
                now: 0
            )
        }
        let first = try move("1-3", "b", map).beginning(on: map)
        #expect(first.job.earlier.isEmpty)
        let second = try move("9000", "a", first.map).beginning(on: first.map, after: first.job)
        #expect(second.job.earlier.mapValues(\.description) == ["a": "1-3", "b": "1-3"])
        let third = try move("5", "b", second.map).beginning(on: second.map, after: second.job)
        #expect(third.job.earlier.mapValues(\.description) == ["a": "1-3,9000", "b": "1-3,9000"])
        #expect(try ReshardJob(json: third.job.json()) == third.job)
    }

    @Test func damagedDocumentsAreRefusedAndNeverCrash() throws {
        let json = try job().json()
        var random = SeededRandom(seed: 1)
        for _ in 0..<2_000 {
            var bytes = json
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 32...126, using: &random)
            }
            if let job = try? ReshardJob(json: bytes) { _ = job.ending(on: map) }
        }
        for (old, new) in [
            ("\"format\":1", "\"format\":2"), ("[0,1,", "[0,0,"), ("[0,1,", "[0,7,"), ("[0,1,", "[-1,1,"),
            ("\"running\"", "\"walking\""), ("\"moves\":[", "\"moves\":[[0,1,\"16384\",0,0],"),
            ("\"moves\":[", "\"moves\":[[0,1,\"0-16383\",0,0],"),
        ] {
            let text = String(decoding: json, as: UTF8.self).replacingOccurrences(of: old, with: new)
            #expect(text != String(decoding: json, as: UTF8.self), "\(old) is not in the document")
            #expect(throws: ReshardError.self, "\(new)") { try ReshardJob(json: Array(text.utf8)) }
        }
        #expect(throws: ReshardError.self) { try ReshardJob(json: []) }
    }

    @Test func statesChangeOnlyWhereTheyMay() throws {
        let running = try job()
        let paused = try running.pausing()
        let cancelling = try running.cancelling(reason: "wrong")
        #expect(try paused.resuming().state == .running && paused.cancelling().state == .cancelling)
        #expect(throws: ReshardError.self) { try running.resuming() }
        #expect(throws: ReshardError.self) { try paused.pausing() }
        #expect(throws: ReshardError.self) { try cancelling.resuming() }
        #expect(throws: ReshardError.self) { try cancelling.cancelling() }
        #expect(throws: ReshardError.self) { try cancelling.limiting(to: nil) }
        let cancelled = try ended(cancelling, on: map).job
        #expect(cancelled.state == .cancelled && cancelled.reason == "wrong")
        #expect(throws: ReshardError.self) { try cancelled.resuming() }
        #expect(throws: ReshardError.self) { try cancelled.pausing() }
        #expect(throws: ReshardError.self) { try cancelled.cancelling() }
        #expect(cancelled.ending(on: map) == nil)
    }

    @Test func ratesAreChecked() throws {
        #expect(try job(rate: nil).limiting(to: ReshardJobLimits.rateMin).rate == ReshardJobLimits.rateMin)
        #expect(throws: ReshardError.self) { try job(rate: 1) }
        #expect(throws: ReshardError.self) { try job().limiting(to: 0) }
    }

    @Test func nothingToDoIsNoJob() throws {
        let empty = try ReshardPlan(ReshardRequest(rebalances: true), current: map, policy: .fixed)
        #expect(throws: ReshardError.self) { try ReshardJob(empty, id: "x", requester: "", now: 0) }
    }

    @Test func aJobBeginsOnItsOwnMapOnly() throws {
        let step = try job().beginning(on: map)
        #expect(step.map.version == map.version + 1 && step.map.shardNames == ["a", "b", "c"])
        #expect(step.map.owners == map.owners && step.map.placement == .fixed)
        #expect(throws: ReshardError.self) { try job().beginning(on: step.map) }
        let other = try SlotMap(version: map.version, shardNames: ["b", "a"], owners: map.owners)
        #expect(throws: ReshardError.self) { try job().beginning(on: other) }
    }

    @Test func theMapTellsWhatIsDone() throws {
        let job = try job()
        var map = try job.beginning(on: map).map
        #expect(job.due(to: "c", on: map).count == job.moves.filter { $0.target == "c" }.count)
        #expect(job.busyTargets(on: map) == 2)
        for move in job.moves {
            #expect(move.stage(on: map) == .due && job.ending(on: map) == nil)
            map = try map.giving(move.slots.ranges, to: move.target)
            #expect(move.stage(on: map) == .done)
        }
        #expect(job.busyTargets(on: map) == 0)
        let step = try ended(job, on: map)
        #expect(step.job.state == .done && step.map.shardNames == ["b", "c"] && step.map.placement == .modulo)
        #expect(step.map.owners == plan.target.owners)
        // Also the map from which the sources are gone tells that all is done.
        #expect(job.moves.allSatisfy { $0.stage(on: step.map) == .done })
    }

    @Test func aCancelledJobKeepsWhatWasMoved() throws {
        let job = try job()
        let begun = try job.beginning(on: map).map
        let untouched = try ended(job.cancelling(), on: begun)
        #expect(untouched.map.shardNames == ["a", "b"] && untouched.map.owners == map.owners)
        let first = try #require(job.moves.first { $0.target == "c" })
        let some = try carriedOut([first], from: begun)
        let step = try ended(job.cancelling(), on: some)
        #expect(step.map.shardNames == ["a", "b", "c"] && step.map.owners == some.owners)
        #expect(step.map.placement == .fixed && step.map.version == some.version + 1)
    }

    @Test func aMapThatWasChangedByOthersFailsTheJob() throws {
        let job = try job()
        let begun = try job.beginning(on: map).map
        let move = try #require(job.moves.first { $0.source == "a" && $0.target == "c" })
        let stolen = try begun.giving([move.slots.ranges[0].lowerBound...move.slots.ranges[0].lowerBound], to: "b")
        let step = try ended(job, on: stolen)
        #expect(step.job.state == .failed && step.job.reason?.contains("belongs to b") ?? false)
        #expect(step.map.owners == stolen.owners && step.map.shardNames == ["a", "b"])
    }
}
