import Glibc
import Model
import NIOCore
import Routing
import Server
import TestSupport
import Testing

extension EndToEndSuite.Faults {
    /// Item 2: a leader stopped with SIGSTOP for longer than its lease.
    @Suite struct SleepingLeaderTests {
        @Test(arguments: Coordinator.allCases)
        func nothingStaleIsServedByALeaderThatWakes(coordinator: Coordinator) async throws {
            let cluster = try await Faults.cluster([["lmdb", "rocksdb", "lmdb"]], Faults.options(coordinator))
            let load = try AuditLoad(cluster)
            let running = Task { await load.run() }
            let sleeper = try await cluster.leader(of: 0)
            let client = try await RESPClient.connect(to: sleeper.address)
            #expect(try await client.command("SET", "a", "before") == .simple("OK"))
            await client.close()
            // Connections from before, each of which has been answered once.
            let resp = try (0..<3).map { _ in try RawConnection(to: sleeper.address) }
            for each in resp {
                each.send(RawConnection.command("GET", "a"))
                #expect(try each.receiveReply() == Array("$6\r\nbefore\r\n".utf8))
            }
            let web = try (0..<3).map { _ in try RawConnection(to: sleeper.address) }
            for each in web {
                each.send(request("GET", "/kv/a"))
                #expect(try each.receiveResponse() == .init(status: 200, body: "before"))
            }
            // The verdict wants some history from before.
            try #require(try await Poll.until { load.acknowledged > 100 }, "nobody writes")
            let fellAsleep = ContinuousClock.now
            try await sleeper.process?.freeze()
            // The system takes these; the process finds them when it wakes.
            let commands = [["GET", "a"], ["SET", "a", "stale"], ["INCR", "counted-in-sleep"]]
            for (each, command) in zip(resp, commands) {
                each.send(RawConnection.command(command.map { Array($0.utf8) }))
            }
            let requests = [("GET", "/kv/a"), ("PUT", "/kv/a"), ("GET", "/get?key=a&max_lag_ms=500")]
            for (each, (method, path)) in zip(web, requests) { each.send(request(method, path)) }
            let others = cluster.members.filter { $0 !== sleeper }
            try await newLeader(cluster, others)
            _ = try await Poll.until { !Faults.isLong || ContinuousClock.now > fellAsleep + .seconds(10) }
            let writer = AuditClient(others.map(\.address), patience: .seconds(10), number: 0)
            guard case .reply(.simple("OK")) = await writer.send(["SET", "a", "after"], shard: 0) else {
                throw TestFailure("the new leader takes no write")
            }
            await writer.close()
            sleeper.process?.signal(SIGCONT)
            for (each, command) in zip(resp, commands) { #expect(servesNothing(each), "\(command)") }
            for (each, request) in zip(web, requests) { #expect(servesNothingOld(each), "\(request)") }
            try await cluster.waitUntilInSync()
            load.alsoExpect([Pair(key: Array("a".utf8), value: Array("after".utf8))])
            let slept = Faults.seconds(.now - fellAsleep)
            let what = "SIGSTOP of a leader, \(coordinator)"
            try await Faults.judge(load, running, cluster, what, "woken \(slept) later")
            try await cluster.signalAll(SIGTERM)
        }

        private func newLeader(_ cluster: TestCluster, _ others: [TestCluster.Member]) async throws {
            let isThere = try await Poll.until {
                for member in others {
                    let status = try? await cluster.status(of: member)
                    if status?.role == .leader, status?.leadership?.leader == "\(member.address)" { return true }
                }
                return false
            }
            #expect(isThere, "nobody takes over from a leader that sleeps")
        }

        private func request(_ method: String, _ path: String) -> String {
            let body = method == "PUT" ? "stale" : ""
            return "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }

        /// Whether the answer is a redirect, an error that says there is no leader, or the end of the connection.
        private func servesNothing(_ connection: RawConnection) -> Bool {
            guard let reply = try? connection.receiveReply() else { return true }
            let text = String(decoding: reply, as: UTF8.self)
            return text.hasPrefix("-MOVED ") || text.hasPrefix("-CLUSTERDOWN ")
        }

        /// The same over HTTP. `/get` may be answered by what has become a replica, if it is as new as was asked for.
        private func servesNothingOld(_ connection: RawConnection) -> Bool {
            guard let response = try? connection.receiveResponse() else { return true }
            return response.status == 307 || response.status == 503 || response == .init(status: 200, body: "after")
        }
    }
}
