import Model
import Node
import Operations
import Replication
import Resharding
import Routing
import Testing
import shoal

/// What `shoal reshard plan`, `run` and `status` print.
@Suite struct ReshardTextTests {
    private func draft(
        _ request: ReshardRequest,
        keys: UInt64 = 2,
        unknown: [String: String] = [:],
        rate: UInt64? = nil
    ) throws -> ReshardDraft {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["shard0", "shard1"])
        let counts = [SlotCount](repeating: SlotCount(keys: keys, bytes: keys * 1_000), count: StorageLimits.slotCount)
        let plan = try ReshardPlan(request, current: map, policy: .fixed, counts: counts)
        let snapshot = CoordinatorSnapshot(map: map, mapRevision: 1, records: [:], job: nil, jobRevision: 0)
        let choices =
            request.isPlacedByPolicy
            ? try ReshardPlan.comparison(of: request, current: map, policy: .fixed, counts: counts) : []
        return ReshardDraft(snapshot: snapshot, plan: plan, choices: choices, unknown: unknown, rate: rate)
    }

    private var adding: ReshardRequest {
        ReshardRequest(add: [.init(name: "shard2", address: NodeAddress(host: "127.0.0.4", port: 80))])
    }

    /// The cells of the line that begins with `first`.
    private func row(_ text: String, _ first: String) -> [String] {
        let line = text.split(separator: "\n").first { $0.hasPrefix(first) } ?? ""
        return line.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
    }

    @Test func aPlanTellsSharesCostAndTheOtherPolicies() throws {
        let text = ReshardPlanText.text(of: try draft(adding, rate: 5_000_000), cluster: "demo")
        #expect(text.hasPrefix("cluster demo  map 1  placement fixed\n"))
        #expect(row(text, "SHARD") == ["SHARD", "SLOTS", "AFTER", "KEYS", "AFTER", "BYTES", "AFTER"])
        #expect(row(text, "shard0").prefix(5) == ["shard0", "8,192", "5,462", "16,384", "10,924"])
        #expect(
            row(text, "shard2") == [
                "shard2", "0", "5,461", "0", "10,922", "0", "B", "10.4", "MiB", "comes:", "127.0.0.4:80",
            ]
        )
        #expect(row(text, "fixed").suffix(2) == ["this", "plan"])
        #expect(!row(text, "modulo").isEmpty && !row(text, "ring").isEmpty)
        #expect(text.contains("moves 5,461 slots (5461 would be the fewest), 10,922 keys, 10.4 MiB, in 22 hand-overs"))
        #expect(text.contains("takes 4s at 5 MB/s"))
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { !$0.hasSuffix(" ") })
    }

    @Test func whatIsNotKnownIsNotGuessed() throws {
        let text = ReshardPlanText.text(of: try draft(adding, unknown: ["shard1": "it is away"]), cluster: "demo")
        #expect(row(text, "shard0") == ["shard0", "8,192", "5,462", "16,384", "-", "15.6", "MiB", "-"])
        #expect(row(text, "shard1") == ["shard1", "8,192", "5,461", "-", "-", "-", "-"])
        #expect(text.contains("at least 10,922 keys") && text.contains("takes at least"))
        #expect(text.hasSuffix("warning: keys of shard1 are not known: it is away"))
        let missing = try draft(adding).plan.missing(["shard1": "it is away", "idle": "no leader"])
        #expect(missing.map(\.shard) == ["shard1"], "a shard that takes no part may be away")
    }

    @Test func movesByNameHaveNoOtherPolicies() throws {
        let request = ReshardRequest(moves: [.init(slots: try SlotList("0-9"), shard: "shard1")])
        let text = ReshardPlanText.text(of: try draft(request), cluster: "demo")
        #expect(!text.contains("POLICY") && text.contains("moves 10 slots"))
        let nothing = ReshardRequest(moves: [.init(slots: try SlotList("0-9"), shard: "shard0")])
        #expect(ReshardPlanText.text(of: try draft(nothing), cluster: "demo").contains("nothing to do"))
        let policy = ReshardPlanText.text(of: try draft(ReshardRequest(policy: .ring)), cluster: "demo")
        #expect(policy.hasPrefix("cluster demo  map 1  placement fixed → ring\n"))
    }

    private func job() throws -> (ReshardJob, SlotMap) {
        let plan = try draft(adding).plan
        let step = try ReshardJob(plan, id: "abc", requester: "root@here", now: 1_000, rate: 8_000_000)
            .beginning(on: plan.current)
        return (step.job, step.map)
    }

    @Test func aRunningJobTellsWhatIsDoneAndHowFast() throws {
        let (job, map) = try job()
        let done = try map.giving(job.moves[0].slots.ranges, to: "shard2")
        var node = ReshardProgress(
            job: "abc",
            shard: "shard2",
            target: .init(phase: .copying, move: 1, message: "slow disk")
        )
        node.target.keysCopied = 100
        node.target.keysTotal = 512
        node.target.bytesPerSecond = 2_000_000
        var source = ReshardProgress(job: "abc", shard: "shard0")
        source.source.pauses.record(7)
        source.source.links = 1
        let status = ReshardStatus(job, map: done, nodes: [node, source])
        let line = ReshardStatusText.line(of: status)
        #expect(line.hasPrefix("running  "))
        for part in ["\(job.moves[0].slots.count)/5,461 slots", "2 MB/s", "ETA ", "longest pause 7 ms", "slow disk"] {
            #expect(line.contains(part), "\(part) is not in: \(line)")
        }
        let text = ReshardStatusText.text(of: status, job: job, now: 61_000)
        #expect(text.hasPrefix("reshard abc: running\nasked for by root@here 1m 00s ago: --add shard2=127.0.0.4:80\n"))
        #expect(text.contains("hand-overs 1 of 22") && text.contains("at most 8 MB/s"))
        #expect(row(text, "shard2").prefix(4) == ["shard2", "copying", "100", "512"])
        #expect(row(text, "shard0").contains("idle"))
    }

    @Test func theEndReadsAsSuch() throws {
        let (job, map) = try job()
        let ended = try #require(try job.cancelling(reason: "cancelled by root@here").ending(on: map)?.job)
        let status = ReshardStatus(ended, map: map, nodes: [])
        #expect(ReshardStatusText.line(of: status) == "cancelled  0/5,461 slots  0 %  0 keys  longest pause 0 ms")
        let text = ReshardStatusText.text(of: status, job: ended, now: 0)
        #expect(text.hasPrefix("reshard abc: cancelled: cancelled by root@here\n") && !text.contains("time left"))
    }

    /// Pauses are known to a leader for its term only; the longest one counts although that leader is gone.
    @Test func whatWasToldIsRemembered() throws {
        var tally = ReshardTally()
        var source = ReshardProgress(job: "abc", shard: "shard0")
        source.source.pauses.record(7)
        source.source.links = 3
        let target = ReshardProgress(job: "abc", shard: "shard2", target: .init(phase: .copying, move: 1))
        _ = tally.take([source, target])
        let later = tally.take([])
        #expect(later.map(\.shard) == ["shard0", "shard2"])
        #expect(later[0].source.pauses.max == 7 && later[0].source.links == 0)
        #expect(later[1].target.phase == .idle && later[1].target.move == nil)
    }

    @Test func configFollowsTheMap() throws {
        let (job, map) = try job()
        #expect(ConfigEdit(job, map: map).add.map(\.name) == ["shard2"])
        let cancelled = try #require(try job.cancelling().ending(on: map)?.map)
        #expect(ConfigEdit(job, map: cancelled) == ConfigEdit(remove: ["shard2"]))
    }
}
