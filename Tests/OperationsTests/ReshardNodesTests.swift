import Foundation
import Model
import Node
import Operations
import Replication
import Resharding
import Routing
import Server
import Storage
import TestSupport
import Testing

/// What nodes are asked before a job and while it runs.
@Suite struct ReshardNodesTests {
    private static func answer(_ body: [UInt8], status: Int = 200) -> String {
        "HTTP/1.1 \(status) X\r\nContent-Length: \(body.count)\r\nConnection: close\r\n\r\n"
            + String(decoding: body, as: UTF8.self)
    }

    /// A node of a shard that says so.
    private static func node(
        cluster: String = "c",
        shard: String,
        map: SlotMap,
        keys: [Int: UInt64] = [:],
        state: NodeStatus.State = .running,
        progress: ReshardProgress? = nil
    ) throws -> FakeServer {
        var counts = [SlotCount](repeating: SlotCount(), count: StorageLimits.slotCount)
        for (slot, number) in keys { counts[slot] = SlotCount(keys: number, bytes: number * 10) }
        let slots = SlotsDocument(
            cluster: cluster,
            shard: shard,
            address: "",
            role: .leader,
            map: map,
            counts: counts,
            operations: [UInt64](repeating: 0, count: StorageLimits.slotCount),
            countedMilliseconds: 1
        )
        let status = NodeStatus(
            cluster: cluster,
            shard: shard,
            address: "",
            role: .leader,
            state: state,
            engine: "lmdb",
            durability: "fsync",
            version: "",
            message: state == .running ? "" : "the disk is gone"
        )
        let answers = [
            "/slots": answer(StatusJSON.encode(slots)), "/status": answer(StatusJSON.encode(status)),
            "/reshard": answer(StatusJSON.encode(progress)),
        ]
        return try FakeServer { request in
            let path = request.split(separator: " ").dropFirst().first.map(String.init) ?? ""
            return answers[path] ?? answer(Array("no".utf8), status: 404)
        }
    }

    private static func snapshot(_ map: SlotMap, leaders: [String: NodeAddress]) -> CoordinatorSnapshot {
        let records = leaders.map { shard, address in
            let member = Member(id: String(repeating: "1", count: 32), address: "\(address)")
            let record = ShardRecord(shard: shard, term: 1, leader: member, session: "s", inSync: [member])
            return (shard, SeenRecord(record: record, revision: 1))
        }
        return CoordinatorSnapshot(
            map: map,
            mapRevision: 1,
            records: Dictionary(uniqueKeysWithValues: records),
            job: nil,
            jobRevision: 0
        )
    }

    @Test func countsAreTheOwnersAndWhoIsMissingIsNamed() async throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b", "c", "d"])
        // b holds strays in a's slots.
        let a = try Self.node(shard: "a", map: map, keys: [5: 7])
        let b = try Self.node(shard: "b", map: map, keys: [5: 99, 5_000: 3])
        let stranger = try Self.node(cluster: "other", shard: "c", map: map, keys: [9_000: 1])
        defer { for server in [a, b, stranger] { server.close() } }
        let snapshot = Self.snapshot(map, leaders: ["a": a.address, "b": b.address, "c": stranger.address])
        let counts = await ReshardNodes(cluster: "c").counts(snapshot)
        #expect(counts.slots[5] == SlotCount(keys: 7, bytes: 70) && counts.slots[5_000].keys == 3)
        #expect(counts.slots.reduce(0) { $0 + $1.keys } == 10)
        #expect(counts.unknown.keys.sorted() == ["c", "d"])
        #expect(counts.unknown["c"]?.contains("cluster other") ?? false)
        #expect(counts.unknown["d"]?.contains("d has no leader") ?? false)
        let nobody = await ReshardNodes(cluster: "c").counts(Self.snapshot(map, leaders: [:]))
        #expect(nobody.slots.isEmpty && nobody.unknown.count == 4)
    }

    @Test func progressIsOfThoseThatHaveAny() async throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a", "b", "c"])
        let part = ReshardProgress(job: "j", shard: "a", target: .init(phase: .copying, move: 3))
        let a = try Self.node(shard: "a", map: map, progress: part)
        let b = try Self.node(shard: "b", map: map)
        defer { for server in [a, b] { server.close() } }
        let old = try FakeServer { _ in Self.answer([], status: 404) }
        defer { old.close() }
        let snapshot = Self.snapshot(map, leaders: ["a": a.address, "b": b.address, "c": old.address])
        #expect(await ReshardNodes(cluster: "c").progress(snapshot) == [part])
    }

    /// What is wrong, part of the message, unreachable, harmless.
    private func findings(
        _ server: FakeServer?,
        joined: Bool = true,
        replica: FakeServer? = nil,
        replicaAddress: NodeAddress? = nil
    ) async throws -> [ReshardNodes.Finding] {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        let address = server?.address ?? NodeAddress(host: "127.0.0.1", port: 1)
        let replicas = [replica?.address ?? replicaAddress].compactMap(\.self)
        let leaders = joined ? ["a": NodeAddress(host: "x", port: 1), "new": address] : [:]
        return await ReshardNodes(cluster: "c").findings(
            [.init(name: "new", address: address, replicas: replicas)],
            Self.snapshot(map, leaders: leaders),
            place: "here"
        )
    }

    @Test func aNewShardMustRunEmptyAndLeadHere() async throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        func server(
            cluster: String = "c",
            _ shard: String = "new",
            keys: [Int: UInt64] = [:],
            state: NodeStatus.State = .running
        ) throws -> FakeServer {
            try Self.node(cluster: cluster, shard: shard, map: map, keys: keys, state: state)
        }
        let good = try server()
        defer { good.close() }
        #expect(try await findings(good).isEmpty)
        let cases: [(FakeServer, String)] = [
            (try server(cluster: "other"), "belongs to cluster other"), (try server("a"), "runs shard a, not new"),
            (try server(keys: [3: 4, 16_383: 1]), "holds 5 keys"),
            (try server(state: .failed), "is failed: the disk is gone"),
            (try FakeServer { _ in Self.answer(Array("hello".utf8)) }, "something else"),
        ]
        for (server, part) in cases {
            let found = try await findings(server)
            #expect(found.count == 1 && found[0].message.contains(part) && !found[0].isHarmless, "\(found)")
            server.close()
        }
        let away = try await findings(nil)
        #expect(away.count == 1 && away[0].isUnreachable && !away[0].isHarmless)
        #expect(away[0].message.contains("shoal node --shard new --http-address 127.0.0.1:1"))
        let elsewhere = try await findings(good, joined: false)
        #expect(elsewhere.count == 1 && elsewhere[0].message.contains("has not joined the coordinator here"))
    }

    @Test func aReplicaMayComeLaterButMustNotBeAnothers() async throws {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        let good = try Self.node(shard: "new", map: map)
        let replica = try Self.node(shard: "new", map: map, state: .syncing)
        let other = try Self.node(shard: "a", map: map)
        defer { for server in [good, replica, other] { server.close() } }
        #expect(try await findings(good, replica: replica).isEmpty)
        let later = try await findings(good, replicaAddress: NodeAddress(host: "127.0.0.1", port: 1))
        #expect(later.count == 1 && later[0].isHarmless && later[0].message.contains("--replica"))
        let wrong = try await findings(good, replica: other)
        #expect(wrong.count == 1 && !wrong[0].isHarmless)
    }

    // MARK: Places

    private static func config(_ folder: TestFolder) throws -> ClusterConfig {
        var config = ClusterConfig(shards: [
            ShardConfig(name: "a", index: 0, address: NodeAddress(host: "127.0.0.1", port: 1))
        ])
        config.name = "c"
        config.dataDirectory = folder.path
        return config
    }

    private func place(
        _ address: NodeAddress,
        _ config: ClusterConfig,
        leads: Bool = true,
        isReplica: Bool = false,
        starts: Bool = true
    ) async throws -> (place: ReshardNodes.Place, text: String) {
        let map = try PlacementPolicy.fixed.map(current: nil, shards: ["a"])
        return await ReshardNodes(cluster: "c").place(
            of: .init(shard: "new", address: address, isReplica: isReplica),
            Self.snapshot(map, leaders: leads ? ["new": address] : [:]),
            at: "here",
            config: config,
            starts: starts
        )
    }

    @Test func aPlaceIsFreeOnlyWithPortAndFolder() async throws {
        let folder = try TestFolder()
        let config = try Self.config(folder)
        // Nobody listens where somebody has just stopped.
        let server = try Self.node(shard: "new", map: try PlacementPolicy.fixed.map(current: nil, shards: ["a"]))
        let address = server.address
        let running = try await place(address, config)
        #expect(running.place == .runs, "\(running)")
        let astray = try await place(address, config, leads: false)
        #expect(astray.place == .unfit && astray.text.contains("has not joined"), "\(astray)")
        server.close()
        let free = try await place(address, config)
        #expect(free.place == .startable && free.text.contains("is free"), "\(free)")
        let watched = try await place(address, config, starts: false)
        #expect(watched.place == .absent, "\(watched)")
        #expect(watched.text.hasSuffix("start it: shoal node --shard new --http-address \(address)"))
        let later = try await place(address, config, isReplica: true, starts: false)
        #expect(later.place == .absent && later.text.hasSuffix("--replica"))

        let own = config.dataFolder(for: address)
        try DataFolder.open(path: own, engine: .lmdb, cluster: "c", shard: "new").close()
        let before = try await place(address, config)
        #expect(before.place == .startable && before.text.contains("was new's before"), "\(before)")
        var other = config
        other.dataDirectory += "/other"
        try FileManager.default.createDirectory(atPath: other.dataDirectory, withIntermediateDirectories: true)
        try DataFolder.open(path: other.dataFolder(for: address), engine: .lmdb, cluster: "c", shard: "b").close()
        let taken = try await place(address, other)
        #expect(taken.place == .unfit && taken.text.contains("belongs to b of cluster c"), "\(taken)")
        other.dataDirectory += "/strange"
        let strange = other.dataFolder(for: address)
        try FileManager.default.createDirectory(atPath: strange, withIntermediateDirectories: true)
        #expect(FileManager.default.createFile(atPath: strange + "/thesis.txt", contents: nil))
        #expect(try await place(address, other).text.contains("is not empty"))
    }

    @Test func aPlaceOfSomethingElseIsNone() async throws {
        let folder = try TestFolder()
        let config = try Self.config(folder)
        let web = try FakeServer { _ in Self.answer(Array("hello".utf8)) }
        defer { web.close() }
        let found = try await place(web.address, config)
        #expect(found.place == .unfit && found.text.contains("choose another address"), "\(found)")
        let elsewhere = try await place(NodeAddress(host: "192.0.2.1", port: 9), config, starts: false)
        #expect(elsewhere.place != .startable && elsewhere.place != .runs, "\(elsewhere)")
    }
}
