import Glibc
import Model
import Routing
import Server
import TestSupport
import Testing

extension EndToEndSuite {
    /// WAIT and `?acks=N` with real replicas that go and come.
    @Suite struct AcknowledgementTests {
        private func cluster() async throws -> TestCluster {
            var options = TestCluster.Options()
            options.isBehindProxies = true
            let cluster = try TestCluster([["lmdb", "rocksdb", "lmdb"]], options: options)
            try await cluster.interpose()
            try await cluster.start()
            try await cluster.waitUntilInSync()
            return cluster
        }

        private func put(_ cluster: TestCluster, _ query: String) async throws -> (status: Int, text: String) {
            let leader = try await cluster.leader(of: 0)
            let path = "/put?key=a&value=1\(query)"
            let response = try await HTTPFetch.request(method: "GET", address: leader.listen, path: path)
            return (response.status, String(decoding: response.body, as: UTF8.self))
        }

        @Test func waitCountsReplicasInTheSetOrNot() async throws {
            let cluster = try await cluster()
            let (leader, away) = (cluster.members[0], cluster.members[1])
            let client = try await RESPClient.connect(to: leader.listen)
            #expect(try await client.command("SET", "a", "1") == .simple("OK"))
            #expect(try await client.command("WAIT", "2", "0") == .integer(2))
            #expect(try await client.command("WAIT", "3", "50") == .integer(2), "there are two")

            cluster.isolate(away, .init(peers: [.incoming, .outgoing]))
            // Acknowledged once it is out of the set.
            #expect(try await client.command("SET", "a", "2") == .simple("OK"))
            #expect(try await client.command("WAIT", "2", "50") == .integer(1))
            let waiting = Task { try await client.command("WAIT", "2", "0") }
            let isWaiting = try await Poll.until {
                let info = ["redis-cli", "-h", leader.listen.host, "-p", "\(leader.listen.port)", "INFO", "clients"]
                return try await ChildProcess.run(info).text.contains("blocked_clients:1")
            }
            #expect(isWaiting)
            cluster.heal()
            #expect(try await waiting.value == .integer(2))

            let replica = try await RESPClient.connect(to: away.listen)
            guard case .error(let text) = try await replica.command("WAIT", "0", "0") else {
                Issue.record("a replica waits")
                return
            }
            #expect(text.hasPrefix("ERR WAIT cannot be used with replica instances."))
            // Whoever waits for ever is told when the node does not lead any more.
            let endless = Task { try await client.command("WAIT", "3", "0") }
            try await cluster.waitUntilInSync()
            let moved = try await ShoalBinary.run("switchover", "shard0", config: cluster.configFile)
            #expect(moved.exit == .code(0), "\(moved.errors)")
            guard case .error(let unblocked) = try await endless.value else {
                Issue.record("it went on waiting, or was answered")
                return
            }
            #expect(unblocked.hasPrefix("UNBLOCKED "), "\(unblocked)")
            await client.close()
            await replica.close()
            try await cluster.signalAll(SIGTERM)
        }

        @Test func acksAreDisksOrARefusal() async throws {
            let cluster = try await cluster()
            #expect(try await put(cluster, "&acks=3") == (200, "OK"))
            #expect(try await put(cluster, "&acks=4").status == 400)
            try await cluster.stop(cluster.members[1])
            let refused = try await put(cluster, "&acks=3")
            #expect(refused.status == 503 && refused.text.contains("not_enough_in_sync"), "\(refused)")
            #expect(try await put(cluster, "&acks=2") == (200, "OK"))
            try cluster.spawn(cluster.members[1])
            try await cluster.waitUntilInSync()
            #expect(try await put(cluster, "&acks=3") == (200, "OK"))

            // A member falls asleep: until it is out of the set nobody knows, and then nobody is told that three have it.
            let leader = try await cluster.leader(of: 0)
            let sleeper = try #require(cluster.members.first { $0 !== leader })
            let end = try await cluster.status(of: leader).position
            sleeper.process?.signal(SIGSTOP)
            let address = leader.listen
            let answers = try await withThrowingTaskGroup(of: (status: Int, text: String).self) { tasks in
                for number in 0..<8 {
                    tasks.addTask {
                        let path = "/put?key=sleep\(number)&value=1&acks=3"
                        let response = try await HTTPFetch.request(method: "GET", address: address, path: path)
                        return (response.status, String(decoding: response.body, as: UTF8.self))
                    }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(answers.allSatisfy { $0.status == 503 }, "\(answers)")
            let written = answers.count { $0.text.contains("written_on_fewer") }
            let kept = answers.count { $0.text.contains("not_enough_in_sync") }
            #expect(written > 0 && written + kept == answers.count, "\(answers)")
            let counts = try await RESPClient.connect(to: leader.listen)
            let keys = (0..<8).map { "sleep\($0)" }
            let found = try await counts.command((["EXISTS"] + keys).map { Array($0.utf8) })
            #expect(found == .integer(written), "what was refused is not there, what was written is: \(found), \(end)")
            await counts.close()
            sleeper.process?.signal(SIGCONT)
            try await cluster.signalAll(SIGTERM)
        }
    }
}
