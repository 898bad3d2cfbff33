import Glibc
import Model
import Routing
import Server
import TestSupport
import Testing

extension EndToEndSuite {
    /// Issue 3, line 8: reads at leaders are linearizable, those at replicas never older than they say.
    @Suite struct ReplicaReadTests {
        private func cluster(_ shards: [[String]], isBehindProxies: Bool = false) async throws -> TestCluster {
            var options = TestCluster.Options()
            options.isBehindProxies = isBehindProxies
            let cluster = try TestCluster(shards, options: options)
            try await cluster.interpose()
            try await cluster.start()
            try await cluster.waitUntilInSync()
            return cluster
        }

        @Test func readsAtLeadersAreLinearizable() async throws {
            let cluster = try await cluster([["lmdb", "rocksdb", "lmdb"]])
            let load = RegisterLoad(cluster.members.map(\.address))
            let running = Task { await load.run(clients: 6) }
            for round in 0..<(isLong ? 20 : 2) {
                try await goOn(load)
                let moved = try await ShoalBinary.run("switchover", "shard0", config: cluster.configFile)
                #expect(moved.exit == .code(0), "round \(round): \(moved.errors)")
                try await goOn(load)
                let leader = try await cluster.leader(of: 0)
                try await cluster.kill(leader)
                try await goOn(load)
                try cluster.spawn(leader)
                try await cluster.waitUntilInSync()
                // Longer than a lease: another leads when it wakes, and it must not answer as if it still did.
                let sleeper = try await cluster.leader(of: 0)
                let connections = try (0..<9).map { _ in try RawConnection(to: sleeper.address) }
                for connection in connections {
                    connection.send(RawConnection.command("PING"))
                    _ = try connection.receiveReply()
                }
                try await sleeper.process?.freeze()
                try await goOn(load)
                let asked = load.ask(connections)
                sleeper.process?.signal(SIGCONT)
                #expect(load.take(asked) == 0, "it answers as if it still led")
                try await goOn(load)
                try await cluster.waitUntilInSync()
            }
            load.stop()
            await running.value
            #expect(load.violation == nil, "\(load.violation ?? "")")
            print("\(load.operations) operations on registers, \(load.reads) reads, \(load.unknown) of unknown outcome")
            try await cluster.signalAll(SIGTERM)
        }

        /// Until a fair number of operations more was answered.
        private func goOn(_ load: RegisterLoad) async throws {
            let before = load.reads
            #expect(try await Poll.until(within: .seconds(60)) { load.reads > before + 60 }, "nobody is answered")
        }

        @Test func replicasNeverAnswerWithOlderDataThanAllowed() async throws {
            let cluster = try await cluster([["lmdb", "rocksdb", "lmdb"]], isBehindProxies: true)
            let replicas = Array(cluster.members.dropFirst())
            let reads = BoundedReads(cluster.members.map(\.address))
            let nodes = cluster.members.map(\.listen)
            let running = Task { await reads.run(readAt: nodes) }
            let others = Writers(cluster.members.map(\.address))
            let writing = Task { await others.run(4) }
            for round in 0..<(isLong ? 10 : 1) {
                for replica in replicas { try await answers(reads, replica, "under load, round \(round)") }
                for way in [TestCluster.Isolation.Way.incoming, .outgoing] {
                    cluster.isolate(replicas[0], .init(peers: [way]))
                    try await refuses(reads, replicas[0], "\(way) is cut")
                    try await answers(reads, replicas[1], "the other's link is cut")
                    cluster.heal()
                    try await answers(reads, replicas[0], "\(way) is healed")
                }
                // Requests that wait in its socket while it sleeps are answered when it wakes, or refused.
                replicas[1].process?.signal(SIGSTOP)
                let written = reads.written
                #expect(try await Poll.until { reads.written > written + 100 }, "writes do not go on")
                let before = reads.tally(replicas[1].listen).refusals
                replicas[1].process?.signal(SIGCONT)
                let isRefused = try await Poll.until { reads.tally(replicas[1].listen).refusals > before }
                #expect(isRefused, "what it woke up with was answered")
                try await answers(reads, replicas[1], "it has woken")
                try await cluster.waitUntilInSync()
                // A leader that sleeps vouches for nothing: its replicas get older until another leads.
                let leader = try await cluster.leader(of: 0)
                let followers = cluster.members.filter { $0 !== leader }
                leader.process?.signal(SIGSTOP)
                for follower in followers { try await refuses(reads, follower, "the leader sleeps") }
                let paused = reads.written
                #expect(try await Poll.until { reads.written > paused + 100 }, "nobody takes over")
                leader.process?.signal(SIGCONT)
                try await answers(reads, leader, "the former leader follows")
                try await cluster.waitUntilInSync()
            }
            for load in [others.stop, reads.stop] { load() }
            await running.value
            await writing.value
            #expect(reads.violations.isEmpty, "\(reads.violations.count): \(reads.violations.prefix(3))")
            let tallies = cluster.members.map { reads.tally($0.listen) }
            print("\(reads.written) values written; answered and refused by each: ", terminator: "")
            print(tallies.map { "\($0.answers)/\($0.refusals)" }.joined(separator: " "))
            try await cluster.signalAll(SIGTERM)
        }

        private func answers(_ reads: BoundedReads, _ member: TestCluster.Member, _ when: String) async throws {
            let before = reads.tally(member.listen).answers
            let isAnswered = try await Poll.until { reads.tally(member.listen).answers > before + 20 }
            #expect(isAnswered, "\(member.address) does not answer: \(when)")
        }

        /// All of them: nothing is answered once the longest bound is over.
        private func refuses(_ reads: BoundedReads, _ member: TestCluster.Member, _ when: String) async throws {
            let isRefused = try await Poll.until {
                let before = reads.tally(member.listen)
                guard try await Poll.until({ reads.tally(member.listen).refusals > before.refusals + 20 }) else {
                    return false
                }
                return reads.tally(member.listen).answers == before.answers
            }
            #expect(isRefused, "\(member.address) goes on answering: \(when)")
        }

        @Test func aReplicaThatNeverHeardItsLeaderRefuses() async throws {
            let cluster = try await cluster([["lmdb", "rocksdb"]], isBehindProxies: true)
            let (leader, replica) = (cluster.members[0], cluster.members[1])
            let writer = try await RESPClient.connect(to: leader.address)
            #expect(try await writer.command("SET", "a", "1") == .simple("OK"))
            let hasIt = try await Poll.until {
                let read = try await HTTPFetch.request(method: "GET", address: replica.listen, path: "/get?key=a")
                return read.status == 200 && read.headers["shoal-role"] == "replica"
            }
            #expect(hasIt)
            let before = try await cluster.status(of: leader).position
            #expect(try await Poll.until { try await cluster.status(of: replica).position == before })
            try await cluster.stop(replica)
            #expect(try await writer.command("SET", "a", "2") == .simple("OK"))
            // Its data is there, and it will find its leader at the coordinator; but not hear of it.
            cluster.isolate(replica, .init(peers: [.incoming, .outgoing]))
            try cluster.spawn(replica)
            let isOpen = try await Poll.until { (try? await cluster.status(of: replica))?.position == before }
            #expect(isOpen, "it does not open")
            let client = try await RESPClient.connect(to: replica.listen)
            _ = try await client.command("READONLY")
            for query in ["", "&max_lag_ms=2147483647", "&consistency=any"] {
                let path = "/get?key=a\(query)"
                let response = try await HTTPFetch.request(method: "GET", address: replica.listen, path: path)
                #expect(response.status == 307 && response.headers["location"] == "http://\(leader.address)\(path)")
                guard case .error(let text) = try await client.command("GET", "a") else {
                    Issue.record("answered with data of an age that it can't know")
                    continue
                }
                #expect(text.hasPrefix("MASTERDOWN "), "\(text)")
            }
            cluster.heal()
            #expect(
                try await Poll.until { try await client.command("GET", "a") == .bulk([50]) },
                "it does not come back"
            )
            await client.close()
            await writer.close()
            try await cluster.signalAll(SIGTERM)
        }

        @Test func anyReplicaIsAFreshOne() async throws {
            let cluster = try await cluster([["lmdb", "rocksdb", "lmdb"], ["rocksdb"]])
            let (leader, elsewhere) = (cluster.members[0], cluster.members[3])
            // In slot 3300, so of the first of two shards.
            let path = "/get?key=b&consistency=any"
            let put = try await HTTPFetch.request(method: "GET", address: leader.address, path: "/put?key=b&value=1")
            #expect(put.status == 200)
            func target() async throws -> String {
                let response = try await HTTPFetch.request(method: "GET", address: elsewhere.address, path: path)
                return response.headers["location"] ?? "\(response.status)"
            }
            func url(_ member: TestCluster.Member) -> String { "http://\(member.address)\(path)" }
            let both = Set(cluster.members[1...2].map(url))
            #expect(try await Poll.until { Set([try await target(), try await target()]) == both }, "not spread")
            let curl = ["curl", "-sSi", "-L", "http://\(elsewhere.address)\(path)&max_lag_ms=60000"]
            let followed = try await ChildProcess.run(curl).text
            #expect(followed.contains("Shoal-Role: replica") && followed.hasSuffix("\r\n\r\n1"), "\(followed)")
            let slots = try await ChildProcess.run(Self.cli(elsewhere) + ["CLUSTER", "SLOTS"]).text
            #expect(slots.ranges(of: "127.").count == 4, "\(slots)")

            // One that is away is neither redirected to nor told to cluster clients.
            try await cluster.stop(cluster.members[1])
            let isAlone = try await Poll.until {
                Set([try await target(), try await target()]) == [url(cluster.members[2])]
            }
            #expect(isAlone, "the one that is away is still named")
            let left = try await ChildProcess.run(Self.cli(elsewhere) + ["CLUSTER", "SLOTS"]).text
            #expect(left.ranges(of: "127.").count == 3 && !left.contains(cluster.members[1].address.host), "\(left)")
            let nodes = try await ChildProcess.run(Self.cli(elsewhere) + ["CLUSTER", "NODES"]).text
            #expect(nodes.contains(" slave,fail ") && nodes.contains(cluster.members[1].address.host), "\(nodes)")
            try await cluster.stop(cluster.members[2])
            #expect(try await Poll.until { try await target() == url(leader) }, "not the leader, which is alone")
            try cluster.spawn(cluster.members[1])
            #expect(
                try await Poll.until { try await target() == url(cluster.members[1]) },
                "not the one that came back"
            )
            try await cluster.signalAll(SIGTERM)
        }

        private static func cli(_ member: TestCluster.Member) -> [String] {
            ["redis-cli", "-h", member.address.host, "-p", "\(member.address.port)"]
        }

        @Test func pythonReadsFromReplicas() async throws {
            let cluster = try await cluster([["lmdb", "rocksdb", "lmdb"], ["rocksdb", "lmdb"]])
            let script = """
                import sys, time
                from redis.cluster import RedisCluster
                client = RedisCluster(host=sys.argv[1], port=int(sys.argv[2]), read_from_replicas=True)
                for n in range(200):
                    assert client.set(f'key{n}', f'value{n}')
                deadline = time.time() + 20
                for n in range(200):
                    # A replica may be a moment behind; never wrong.
                    while True:
                        value = client.get(f'key{n}')
                        if value == f'value{n}'.encode(): break
                        assert value is None and time.time() < deadline, value
                assert all(client.get(f'key{n}') == f'value{n}'.encode() for n in range(200) for _ in range(4))
                print('done')
                """
            let file = try cluster.folder.write(script, to: "client.py")
            let address = cluster.members[0].address
            let ran = try await ChildProcess.run(
                ["python3", file, address.host, "\(address.port)"],
                environment: ["PYTHONPATH": ".build/python"]
            )
            #expect(ran.text == "done\n", "\(ran.errors)")
            for member in cluster.members {
                let stats = try await ChildProcess.run(Self.cli(member) + ["INFO", "stats"]).text
                let hits = stats.split(whereSeparator: \.isNewline).first { $0.hasPrefix("keyspace_hits:") }
                let count = hits.flatMap { Int($0.dropFirst("keyspace_hits:".count)) } ?? 0
                #expect(count > 50, "\(member.address) was not read from: \(count)")
            }
            try await cluster.signalAll(SIGTERM)
        }
    }
}
