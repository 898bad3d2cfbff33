import Glibc
import Routing
import Server
import Testing

extension EndToEndSuite {
    /// Issue 3 with real processes: a leader that dies, hands over or sleeps, while clients write.
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

        @Test func deadLeaderIsReplacedAndNothingIsLost() async throws {
            let cluster = try await cluster()
            let writers = Writers(cluster.members.map(\.address))
            let writing = Task { await writers.run(4) }
            var gaps: [Duration] = []
            for cycle in 0..<(isLong ? 50 : 3) {
                let before = writers.count
                #expect(try await Poll.until { writers.count > before + 50 }, "nobody writes before kill \(cycle)")
                let leader = try #require(try await leader(of: cluster))
                let killed = ContinuousClock.now
                leader.process?.signal(SIGKILL)
                _ = try await leader.process?.waitForExit()
                leader.process = nil
                let atKill = writers.count
                #expect(try await Poll.until { writers.count > atKill }, "kill \(cycle): nobody takes over")
                gaps.append(ContinuousClock.now - killed)
                try cluster.spawn(leader)
                try #require(
                    try await Poll.until { try await inSync(cluster) == 3 },
                    "kill \(cycle): not in sync again"
                )
            }
            writers.stop()
            await writing.value
            let missing = try await lost(writers.acknowledged, on: cluster)
            #expect(missing.isEmpty, "\(missing.count) of \(writers.count), first \(missing.first ?? "")")
            let sorted = gaps.sorted()
            #expect(sorted.last.map { $0 < .seconds(5) } ?? false, "writes worked again after \(gaps)")
            print("\(gaps.count) leaders killed: \(writers.count) acknowledged, \(missing.count) lost,")
            print("  writes again after \(sorted[sorted.count / 2]) at the median, \(sorted.last ?? .zero) at most")
            try await cluster.signalAll(SIGTERM)
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

        private func isNoAnswer(_ text: String) -> Bool {
            text == "closed" || text.hasPrefix("MOVED") || text.hasPrefix("CLUSTERDOWN")
        }

        /// The error a command is answered with, or "closed": a connection that ends says that nobody knows.
        private func refusal(of command: [String], _ client: RESPClient) async throws -> String {
            do throws(ClientError) {
                let reply = try await client.command(command.map { Array($0.utf8) })
                guard case .error(let text) = reply else { return "served: \(reply)" }
                return text
            } catch {
                return error.code == .closed ? "closed" : "\(error)"
            }
        }

        @Test func sleeperServesNothingWhenItWakes() async throws {
            let cluster = try await cluster()
            let sleeper = try #require(try await leader(of: cluster))
            let client = try await RESPClient.connect(to: sleeper.address)
            #expect(try await client.command(["SET", "a", "before"].map { Array($0.utf8) }) == .simple("OK"))
            sleeper.process?.signal(SIGSTOP)
            let others = cluster.members.filter { $0.address != sleeper.address }
            let hasLeader = try await Poll.until {
                for member in others {
                    let status = try? await cluster.status(of: member)
                    if status?.role == .leader, status?.leadership?.leader == "\(member.address)" { return true }
                }
                return false
            }
            #expect(hasLeader, "nobody takes over from a leader that sleeps")
            sleeper.process?.signal(SIGCONT)
            // The first commands after it woke, on a connection from before.
            let first = try await refusal(of: ["GET", "a"], client)
            #expect(isNoAnswer(first), "\(first)")
            let second = try await refusal(of: ["SET", "a", "stale"], client)
            #expect(isNoAnswer(second), "\(second)")
            await client.close()
            #expect(try await Poll.until { try await inSync(cluster) == 3 }, "it does not come back as a replica")
            try await cluster.signalAll(SIGTERM)
        }
    }
}
