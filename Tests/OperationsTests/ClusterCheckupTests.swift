import Model
import Node
import Operations
import Replication
import Resharding
import Routing
import Server
import Testing

/// Each thing that can be wrong is found, and nothing where all is well.
@Suite struct ClusterCheckupTests {
    private let config: ClusterConfig
    private let map: SlotMap

    init() throws {
        var config = ClusterConfig(shards: [
            ShardConfig(
                name: "a",
                index: 0,
                address: try NodeAddress("10.0.0.1:1"),
                replicas: [try NodeAddress("10.0.0.2:1")]
            ),
            ShardConfig(name: "b", index: 1, address: try NodeAddress("10.0.0.3:1")),
        ])
        config.name = "c"
        self.config = config
        map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b"])
    }

    private func node(_ address: String, _ shard: String, _ role: NodeStatus.Role) -> NodeStatus {
        var node = NodeStatus(
            cluster: "c",
            shard: shard,
            address: address,
            role: role,
            state: .running,
            engine: "lmdb",
            durability: "fsync",
            version: "1"
        )
        node.inSync = true
        node.map = NodeStatus.Map(map)
        return node
    }

    private func snapshot(_ job: ReshardJob? = nil) -> CoordinatorSnapshot {
        CoordinatorSnapshot(map: map, mapRevision: 1, records: [:], job: job, jobRevision: job == nil ? 0 : 2)
    }

    private func checkup(_ change: (inout [String: NodeStatus], inout ClusterCheckup) throws -> Void) rethrows
        -> [CheckupFinding]
    {
        var nodes = [
            "10.0.0.1:1": node("10.0.0.1:1", "a", .leader), "10.0.0.2:1": node("10.0.0.2:1", "a", .replica),
            "10.0.0.3:1": node("10.0.0.3:1", "b", .leader),
        ]
        let empty = ClusterProbe.status(of: config, answers: [:])
        var checkup = ClusterCheckup(config: config, snapshot: snapshot(), status: empty)
        try change(&nodes, &checkup)
        checkup.status = ClusterProbe.status(of: config, answers: nodes)
        return checkup.findings
    }

    private func document(_ slots: [Int: UInt64], shard: String) -> SlotsDocument {
        var counts = [SlotCount](repeating: SlotCount(), count: 16384)
        for (slot, keys) in slots { counts[slot] = SlotCount(keys: keys, bytes: keys) }
        return SlotsDocument(
            cluster: "c",
            shard: shard,
            address: "10.0.0.1:1",
            role: .leader,
            map: map,
            counts: counts,
            operations: [UInt64](repeating: 0, count: 16384),
            countedMilliseconds: 1
        )
    }

    @Test func nothingIsFoundWhereAllIsWell() {
        let found = checkup { _, checkup in
            checkup.slots["10.0.0.1:1"] = document([0: 7], shard: "a")
            checkup.folders["10.0.0.1:1"] = .marked(cluster: "c", shard: "a", engine: "lmdb", bytesFree: 1 << 40)
            checkup.folders["10.0.0.2:1"] = .missing
        }
        #expect(found.isEmpty, "\(found)")
    }

    @Test func whatNodesSayIsJudged() throws {
        func only(_ change: (inout [String: NodeStatus]) -> Void) throws -> CheckupFinding {
            let found = checkup { nodes, _ in change(&nodes) }
            #expect(found.count == 1, "\(found)")
            return try #require(found.first)
        }
        #expect(try only { $0["10.0.0.2:1"]?.state = .stopped }.area == .nodes)
        #expect(try only { $0["10.0.0.2:1"]?.lag.milliseconds = 60_000 }.area == .lag)
        #expect(try only { $0["10.0.0.2:1"]?.inSync = false }.message.contains("can't become leader"))
        #expect(try only { $0["10.0.0.2:1"]?.version = "2" }.message.contains("1, 2"))
        #expect(try only { $0["10.0.0.1:1"]?.role = .replica }.message.contains("has no leader"))
        #expect(try only { $0["10.0.0.2:1"]?.role = .leader }.message.contains("both"))
        #expect(try only { $0["10.0.0.3:1"]?.map?.version = 0 }.area == .map)
    }

    @Test func theCoordinatorIsHeldAgainstTheConfig() throws {
        let away = checkup { _, checkup in
            checkup.snapshot = nil
            checkup.coordinatorError = "etcd does not answer"
        }
        #expect(away.map(\.area) == [.coordinator] && away[0].message == "etcd does not answer")
        let more = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "x"])
        let foreign = checkup { nodes, checkup in checkup.snapshot?.map = more }
        #expect(foreign.map(\.place) == ["x", "b"] && foreign.allSatisfy { $0.area == .map }, "\(foreign)")
    }

    /// While they are being moved they are nobody's mistake.
    @Test func strayKeysAreFound() throws {
        let document = document([0: 7, 16383: 3, 9000: 2], shard: "a")
        let found = checkup { _, checkup in checkup.slots["10.0.0.1:1"] = document }
        #expect(found.map(\.area) == [.keys] && found[0].message.hasPrefix("5 keys in 2 slots"), "\(found)")
        let counts = [SlotCount](repeating: SlotCount(keys: 1, bytes: 1), count: 16384)
        let request = ReshardRequest(moves: [.init(slots: try SlotList("9000"), shard: "a")])
        let plan = try ReshardPlan(request, current: map, policy: .fixed, counts: counts)
        let job = try ReshardJob(plan, id: "j", requester: "", now: 0)
        let moving = checkup { _, checkup in
            checkup.slots["10.0.0.1:1"] = document
            checkup.snapshot = snapshot(job)
        }
        #expect(moving.map(\.area) == [.keys] && moving[0].message.hasPrefix("3 keys in 1 slots"), "\(moving)")
    }

    @Test func foldersAndJobsAreLookedAt() throws {
        let foreign = checkup { _, checkup in
            checkup.folders["10.0.0.1:1"] = .marked(cluster: "c", shard: "b", engine: "lmdb", bytesFree: 1 << 40)
            checkup.folders["10.0.0.2:1"] = .marked(cluster: "c", shard: "a", engine: "lmdb", bytesFree: 1)
            checkup.folders["10.0.0.3:1"] = .unreadable("torn")
        }
        #expect(foreign.map(\.area) == [.files, .files, .files], "\(foreign)")
        let counts = [SlotCount](repeating: SlotCount(), count: 16384)
        let request = ReshardRequest(moves: [.init(slots: try SlotList("9000"), shard: "a")])
        let plan = try ReshardPlan(request, current: map, policy: .fixed, counts: counts)
        let job = try ReshardJob(plan, id: "j", requester: "", now: 0).pausing()
        let paused = checkup { _, checkup in checkup.snapshot = snapshot(job) }
        #expect(paused.map(\.area) == [.reshard])
    }
}
