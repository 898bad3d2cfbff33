import Foundation
import Logging
import Model
import NIOPosix
import Node
import Operations
import Replication
import Resharding
import Routing
import TestSupport
import Testing

/// The console's cluster while config.yaml changes under it.
@Suite struct EmbeddedClusterTests {
    private static func write(_ shards: [String], to file: String) throws {
        var text = "Cluster:\n  Name: c\n  DataDirectory: data\n"
        for (index, name) in shards.enumerated() {
            text += "---\nShard:\n  Name: \(name)\n  Index: \(index)\n  Address: 127.66.\(index).9:18080\n"
        }
        try text.write(toFile: file, atomically: true, encoding: .utf8)
    }

    private static func cluster(_ folder: TestFolder, _ shards: [String]) throws -> EmbeddedCluster {
        let file = folder.path + "/config.yaml"
        try write(shards, to: file)
        let group = MultiThreadedEventLoopGroup.singleton
        return EmbeddedCluster(
            config: try ClusterConfig.load(file: file),
            group: group,
            control: group,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test func shardsOfTheFileComeAndGo() throws {
        let folder = try TestFolder()
        let cluster = try Self.cluster(folder, ["a", "b"])
        cluster.followConfig()
        #expect(cluster.drainEvents().isEmpty)
        try Self.write(["a", "b", "new"], to: folder.path + "/config.yaml")
        cluster.followConfig()
        #expect(cluster.config.shardNames == ["a", "b", "new"])
        #expect(cluster.drainEvents().map(\.text) == ["config.yaml has new now"])
        try Self.write(["a", "new"], to: folder.path + "/config.yaml")
        cluster.followConfig()
        #expect(cluster.config.shardNames == ["a", "new"])
        #expect(cluster.drainEvents().map(\.text) == ["config.yaml no longer has b"])
        // Half a file is no reason to forget the cluster.
        try "Shard:\n  Name".write(toFile: folder.path + "/config.yaml", atomically: true, encoding: .utf8)
        cluster.followConfig()
        #expect(cluster.config.shardNames == ["a", "new"])
        #expect(cluster.drainEvents().first?.text.contains("goes on with the shards it knew") == true)
        cluster.followConfig()
        #expect(cluster.drainEvents().isEmpty, "the same file was told twice")
    }

    /// A new shard's node runs here before config.yaml has it, and ends when it is not to be.
    @Test func nodesOfNewShardsRunHereUntilTheyAreReleased() async throws {
        let folder = try TestFolder()
        let cluster = try Self.cluster(folder, ["a"])
        await cluster.startAll()
        let address = NodeAddress(host: "127.66.9.9", port: 18080)
        await cluster.take([.init(name: "new", address: address)])
        #expect(cluster.embedded == ["127.66.0.9:18080", "\(address)"])
        let session = try await open(cluster.config)
        let isLed = try await until {
            try await session.coordinator.snapshot().records["new"]?.record?.leader?.address == "\(address)"
        }
        #expect(isLed, "nobody leads the new shard: \(cluster.drainEvents())")
        #expect(try await session.coordinator.snapshot().map.shardNames == ["a"])
        await session.close()
        #expect(cluster.config.shardNames == ["a"])
        await cluster.release(["new", "a"])
        // `a` is in the file: whoever wants to stop it says so.
        #expect(cluster.embedded == ["127.66.0.9:18080"])
        await cluster.stopAll { _ in }
    }

    private func open(_ config: ClusterConfig) async throws -> ReshardSession {
        var opened: ReshardSession?
        _ = try await until {
            do {
                opened = try await ReshardSession.open(config)
            } catch let refusal as ReshardSession.Refusal where refusal.hasNotBegun {
                return false
            }
            return true
        }
        return try #require(opened)
    }

    @Test func lookingAtAClusterThatHasNotBegunChangesNothing() async throws {
        let folder = try TestFolder()
        let cluster = try Self.cluster(folder, ["a"])
        await #expect(throws: ReshardSession.Refusal.self) { try await ReshardSession.open(cluster.config) }
        #expect(!FileManager.default.fileExists(atPath: cluster.config.dataDirectory))
    }

    private func until(_ condition: () async throws -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if try await condition() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }
}
