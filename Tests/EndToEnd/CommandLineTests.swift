import Glibc
import Model
import Testing

extension EndToEndSuite {
    /// Exit codes and output of the subcommands (README).
    @Suite struct CommandLineTests {
        @Test func clientCommandsKeepTheirExitCodes() async throws {
            let cluster = try TestCluster([["lmdb"], ["rocksdb"]])
            let config = cluster.configFile
            #expect(try await ShoalBinary.run("get", "a", config: config).exit == .code(3))
            #expect(try await ShoalBinary.run("status", config: config).exit == .code(3))
            try await cluster.start()
            for key in ["a", "b", "c"] {
                #expect(try await ShoalBinary.run("put", key, "value-\(key)", config: config).exit == .code(0))
                #expect(try await ShoalBinary.run("get", key, config: config).text == "value-\(key)")
            }
            let scanned = try await ShoalBinary.run("scan", config: config)
            #expect(Set(scanned.text.split(separator: "\n")) == ["a", "b", "c"])
            let json = try await ShoalBinary.run("get", "a", "--json", config: config)
            #expect(json.text.contains(#""value" : "value-a""#), "\(json.text)")
            #expect(try await ShoalBinary.run("del", "a", config: config).exit == .code(0))
            let missing = try await ShoalBinary.run("get", "a", config: config)
            #expect(missing.exit == .code(4))
            #expect(missing.errors.split(separator: "\n").count == 1, "\(missing.errors)")
            #expect(try await ShoalBinary.run("del", "a", config: config).exit == .code(4))
            #expect(try await ShoalBinary.run("get", "--nonsense").exit == .code(2))
            try await cluster.signalAll(SIGTERM)
        }

        @Test func stoppedShardSaysSoAndStartsAgain() async throws {
            let cluster = try TestCluster([["lmdb", "rocksdb"]])
            let config = cluster.configFile
            try await cluster.start()
            #expect(try await ShoalBinary.run("put", "a", "1", config: config).exit == .code(0))
            #expect(try await ShoalBinary.run("stop", "shard0", config: config).exit == .code(0))
            let stopped = try await cluster.status().shards.flatMap(\.nodes).map(\.state)
            #expect(stopped == [.stopped, .stopped])
            #expect(try await ShoalBinary.run("get", "a", config: config).exit == .code(1))
            let table = try await ShoalBinary.run("status", config: config).text
            #expect(table.contains("health: down") && table.contains("[no_leader]"), "\(table)")
            // Keys, bytes and lag of a closed shard are unknown, not 0.
            let rows = table.split(separator: "\n").filter { $0.contains(" stopped  ") }
            let unknown = rows.map { row in row.split(separator: " ").count { $0 == "-" } }
            #expect(unknown == [3, 3], "\(table)")
            let started = try await ShoalBinary.run("start", "shard0", config: config)
            #expect(started.exit == .code(0))
            // Said when it is true, so nothing has to wait for it.
            #expect(started.text.split(separator: "\n").allSatisfy { $0.hasSuffix(": started") }, "\(started.text)")
            #expect(try await cluster.status().shards.flatMap(\.nodes).allSatisfy { $0.state == .running })
            #expect(try await ShoalBinary.run("get", "a", config: config).text == "1")
            #expect(try await ShoalBinary.run("stop", "nobody", config: config).exit == .code(2))
            try await cluster.signalAll(SIGTERM)
        }

        @Test func keysExpireAndStay() async throws {
            let cluster = try TestCluster([["lmdb"]])
            let config = cluster.configFile
            try await cluster.start()
            #expect(try await ShoalBinary.run("put", "a", "1", config: config).exit == .code(0))
            let never = try await ShoalBinary.run("expire", "a", "never", config: config)
            #expect(never.exit == .code(0), "it never expired: nothing to change, and no missing key")
            #expect(try await ShoalBinary.run("expire", "a", "1", config: config).exit == .code(0))
            #expect(try await Poll.until { try await ShoalBinary.run("get", "a", config: config).exit == .code(4) })
            #expect(try await ShoalBinary.run("expire", "a", "10", config: config).exit == .code(4))
            for time in ["0", "soon"] {
                let ran = try await ShoalBinary.run("expire", "b", time, config: config)
                #expect(ran.exit == .code(2) && ran.errors.contains("not a time to live"), "\(time): \(ran.errors)")
            }
            try await cluster.signalAll(SIGTERM)
        }

        /// The lead changes hands, every node opens anew, and what was written is there.
        @Test func nodesAreRestartedInTurn() async throws {
            let cluster = try TestCluster([["lmdb", "rocksdb"]])
            let config = cluster.configFile
            try await cluster.start()
            try await cluster.waitUntilInSync()
            #expect(try await ShoalBinary.run("put", "a", "1", config: config).exit == .code(0))
            let before = try await cluster.leader(of: 0).address
            let ran = try await ShoalBinary.run("restart", "shard0", config: config)
            #expect(ran.exit == .code(0), "\(ran.errors)")
            let lines = ran.text.split(separator: "\n").map(String.init)
            #expect(lines.contains("\(before) hands over, 2 of 2"), "\(ran.text)")
            #expect(lines.last == "restarted 2 of 2")
            #expect(try await cluster.status().shards.flatMap(\.nodes).allSatisfy { $0.state == .running && $0.inSync })
            #expect(try await cluster.leader(of: 0).address != before)
            #expect(try await ShoalBinary.run("get", "a", config: config).text == "1")
            #expect(try await ShoalBinary.run("stop", "\(before)", config: config).exit == .code(0))
            let refused = try await ShoalBinary.run("restart", "shard0", config: config)
            #expect(refused.exit == .code(1) && refused.errors.contains("start it first"), "\(refused.errors)")
            try await cluster.signalAll(SIGTERM)
        }

        @Test func watchingEndsCleanlyWithControlC() async throws {
            let cluster = try TestCluster([["lmdb"]])
            let output = "\(cluster.folder.path)/watch"
            let command = [ShoalBinary.path, "status", "--json", "--watch", "--config-file", cluster.configFile]
            let watch = try ChildProcess.start(command, output: output)
            let isWatching = try await Poll.until { TestFolder.read(output).contains(10) }
            #expect(isWatching)
            watch.signal(SIGINT)
            #expect(try await watch.waitForExit() == .code(0))
            for line in TestFolder.read(output).split(separator: 10) {
                #expect(StatusJSON.decode(ClusterStatus.self, from: Array(line)) != nil)
            }
        }
    }
}
