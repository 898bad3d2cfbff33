import Glibc
import Model
import Routing
import Server
import Testing

extension EndToEndSuite {
    /// Planned changes of leader, while clients write.
    @Suite struct FailoverTests {
        /// One shard on both engines, all members in sync.
        private func cluster() async throws -> TestCluster {
            let cluster = try TestCluster([["lmdb", "rocksdb", "lmdb"]])
            try await cluster.start()
            try #require(try await Poll.until { try await inSync(cluster) == 3 }, "the replicas don't get in sync")
            return cluster
        }

        private func inSync(_ cluster: TestCluster) async throws -> Int {
            guard let leader = try await leader(of: cluster) else { return 0 }
            return try await cluster.status(of: leader).leadership?.members.count { $0.inSync } ?? 0
        }

        private func leader(of cluster: TestCluster) async throws -> TestCluster.Member? {
            for member in cluster.members where member.process != nil {
                if let status = try? await cluster.status(of: member), status.role == .leader { return member }
            }
            return nil
        }

        private func lost(_ written: [Pair], on cluster: TestCluster) async throws -> [String] {
            let leader = try #require(try await leader(of: cluster))
            return try await Traffic.missing(written, on: leader.address, isReplica: false)
        }

        @Test func switchoverIsHiddenFromClientsThatFollowRedirects() async throws {
            let cluster = try await cluster()
            let writers = Writers(cluster.members.map(\.address))
            let writing = Task { await writers.run(4) }
            for round in 0..<(isLong ? 20 : 3) {
                let before = writers.count
                #expect(try await Poll.until { writers.count > before + 50 }, "nobody writes before \(round)")
                let old = try #require(try await leader(of: cluster))
                let result = try await ShoalBinary.run("switchover", "shard0", config: cluster.configFile)
                #expect(result.exit == .code(0), "\(result.errors)")
                let new = try #require(try await leader(of: cluster))
                #expect(new.address != old.address)
                try #require(try await Poll.until { try await inSync(cluster) == 3 })
            }
            writers.stop()
            await writing.value
            #expect(writers.errors.isEmpty, "\(writers.errors.prefix(3))")
            #expect(try await lost(writers.acknowledged, on: cluster).isEmpty)
            try await cluster.signalAll(SIGTERM)
        }
    }
}
