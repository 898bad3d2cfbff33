import Glibc
import Routing
import Server
import TestSupport
import Testing

extension EndToEndSuite.Faults {
    /// `MinInSync: 2` with two members: a write is on two disks, or it is not acknowledged.
    @Suite struct MinInSyncTests {
        private func isRefused(_ client: RESPClient) async throws -> Bool {
            guard case .error(let text) = try await client.command("SET", "a", "refused") else { return false }
            return text.hasPrefix("NOREPLICAS ")
        }

        @Test func writesAreRefusedWithTooFewMembersAndReadsGoOn() async throws {
            var options = TestCluster.Options()
            options.minInSync = 2
            let cluster = try await Faults.cluster([["lmdb", "rocksdb"]], options)
            let (leader, replica) = (cluster.members[0], cluster.members[1])
            let client = try await RESPClient.connect(to: leader.address)
            #expect(try await client.command("SET", "a", "1") == .simple("OK"))

            let stopped = try await ShoalBinary.run("stop", "\(replica.address)", config: cluster.configFile)
            #expect(stopped.exit == .code(0), "\(stopped.errors)")
            #expect(try await isRefused(client))
            #expect(try await client.command("GET", "a") == .bulk(Array("1".utf8)))
            let put = try await HTTPFetch.request(method: "PUT", address: leader.address, path: "/kv/a", body: [50])
            let text = String(decoding: put.body, as: UTF8.self)
            #expect(
                put.status == 503 && put.headers["retry-after"] == "1" && text.contains("not_enough_in_sync"),
                "\(text)"
            )
            #expect(text.contains("MinInSync"), "\(text)")
            let get = try await HTTPFetch.request(method: "GET", address: leader.address, path: "/kv/a")
            #expect(get.status == 200 && get.body == Array("1".utf8))

            let started = try await ShoalBinary.run("start", "\(replica.address)", config: cluster.configFile)
            #expect(started.exit == .code(0), "\(started.errors)")
            #expect(try await Poll.until { try await client.command("SET", "a", "2") == .simple("OK") })
            await client.close()
            try await cluster.signalAll(SIGTERM)
        }

        /// What was under way when the other member fell asleep is on one disk: nobody is told that it was written.
        @Test func whatWasUnderWayIsNotAcknowledged() async throws {
            var options = TestCluster.Options()
            options.minInSync = 2
            let cluster = try await Faults.cluster([["rocksdb", "lmdb"]], options)
            let (leader, replica) = (cluster.members[0], cluster.members[1])
            let client = try await RESPClient.connect(to: leader.address)
            #expect(try await client.command("SET", "a", "1") == .simple("OK"))
            replica.process?.signal(SIGSTOP)
            let connections = try (0..<3).map { _ in try RawConnection(to: leader.address) }
            for each in connections { each.send(RawConnection.command("SET", "a", "2")) }
            // Each time on a connection of its own: those that were under way end without an answer.
            let isRefusing = try await Poll.until {
                let another = try await RESPClient.connect(to: leader.address)
                let isRefused = (try? await isRefused(another)) ?? false
                await another.close()
                return isRefused
            }
            #expect(isRefusing, "writes go on with one member")
            for each in connections {
                let reply = try? String(decoding: each.receiveReply(), as: UTF8.self)
                #expect(reply?.hasPrefix("-NOREPLICAS ") ?? true, "\(reply ?? "")")
            }
            replica.process?.signal(SIGCONT)
            #expect(try await Poll.until { try await client.command("SET", "a", "3") == .simple("OK") })
            await client.close()
            try await cluster.signalAll(SIGTERM)
        }
    }
}
