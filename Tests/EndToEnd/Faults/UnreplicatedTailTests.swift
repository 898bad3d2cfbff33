import FoundationEssentials
import Glibc
import Model
import NIOCore
import Routing
import Server
import TestSupport
import Testing

extension EndToEndSuite.Faults {
    /// Item 6: an old leader whose log has what nobody else has. It comes back as a replica, equal to its leader, and what
    /// it alone had is never shown.
    @Suite struct UnreplicatedTailTests {
        /// The leader's engine, and a replica of each.
        private static let engines = [["lmdb", "rocksdb", "lmdb"], ["rocksdb", "lmdb", "rocksdb"]]
        private static let both: Set<TestCluster.Isolation.Way> = [.incoming, .outgoing]
        private static let tailCount = 5

        private func put(_ count: Int, _ name: String, _ cluster: TestCluster, size: Int = 8) async throws {
            let nodes = cluster.members.filter { $0.process != nil }.map(\.address)
            let value = [UInt8](repeating: UInt8(ascii: "v"), count: size)
            try await Traffic.putOverRESP(
                (0..<count).map { Pair(key: Array("\(name)\($0)".utf8), value: value) },
                nodes
            )
        }

        /// Sends writes, in one piece so that they become one batch, to a leader that is cut off from its replicas, and waits
        /// until they are in its log. It can't take the replicas out of the set either: it is cut off from etcd, too.
        private func appendTail(_ leader: TestCluster.Member) async throws -> RawConnection {
            let connection = try RawConnection(to: leader.listen)
            let commands = (0..<Self.tailCount).map { RawConnection.command("SET", "tail-\($0)", "never shown") }
            connection.send(Array(commands.joined()))
            let isLogged = try await Poll.until(every: .milliseconds(5)) {
                let found = try await ChildProcess.run([
                    "sh", "-c", "grep -qa tail-4 '\(leader.folder)'/log/[0-9]*.seg",
                ])
                return found.exit == .code(0)
            }
            #expect(isLogged, "the leader does not log what it is sent")
            return connection
        }

        /// Whether a node shows any of the tail, asked in every way that a node answers by itself.
        private func showsTail(_ member: TestCluster.Member) async throws -> Bool {
            let client = AuditClient([member.listen], patience: .seconds(5), number: 0)
            var isShown = false
            for readonly in [false, true] {
                if readonly { _ = await client.ask(["READONLY"], at: member.listen) }
                for number in 0..<Self.tailCount {
                    if case .reply(.bulk) = await client.ask(["GET", "tail-\(number)"], at: member.listen) {
                        isShown = true
                    }
                }
            }
            await client.close()
            let page = try? await HTTPFetch.request(method: "GET", address: member.listen, path: "/get?key=tail-1")
            return isShown || page?.status == 200
        }

        private func sequence(_ member: TestCluster.Member, _ cluster: TestCluster) async throws -> UInt64 {
            let text = try await cluster.status(of: member).position
            return try #require(text.split(separator: "-").last.flatMap { UInt64($0) })
        }

        /// The old leader comes back, showing none of the tail on its way; then all members have the same.
        private func expectEqual(_ cluster: TestCluster, _ old: TestCluster.Member, _ keys: Int) async throws {
            let isBack = try await Poll.until(within: .seconds(60)) {
                let isShown = try await showsTail(old)
                #expect(!isShown, "it shows what was never acknowledged")
                return (try? await cluster.status(of: old))?.inSync == true
            }
            #expect(isBack, "the old leader does not come back")
            try await cluster.waitUntilInSync()
            var contents: [[String: [UInt8]]] = []
            #expect(try await Poll.until { try await cluster.roles().allSatisfy(\.isWhole) })
            for member in cluster.members {
                let isReplica = try await cluster.status(of: member).role == .replica
                contents.append(try await Contents.read(member.listen, isReplica: isReplica))
                #expect(try await !showsTail(member), "\(member.address) shows what was never acknowledged")
            }
            #expect(contents.allSatisfy { $0 == contents[0] })
            #expect(contents[0].count == keys)
            #expect(cluster.protocolComplaints.isEmpty)
        }

        /// The first record of a node's log.
        private func firstLogged(_ member: TestCluster.Member) throws -> UInt64? {
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(member.folder)/log")
            return names.filter { $0.hasSuffix(".seg") }.compactMap { UInt64($0.dropLast(4)) }.min()
        }

        private func said(_ text: String, _ member: TestCluster.Member, _ cluster: TestCluster) -> Bool {
            String(decoding: TestFolder.read(cluster.log(of: member)), as: UTF8.self).contains(text)
        }

        /// Killed with a tail; others go on, with fewer records than it has, or more.
        @Test(arguments: zip(engines, [[0, 20], [20, 0]]))
        func isCutAfterACrash(engines: [String], counts: [Int]) async throws {
            let cluster = try await Faults.cluster([engines], Faults.options(.etcd, isBehindProxies: true))
            try await put(50, "before", cluster)
            var keys = 50
            for later in Faults.isLong ? counts : [counts[0]] {
                let old = try await cluster.leader(of: 0)
                cluster.isolate(old, .init(peers: Self.both, coordinator: Self.both))
                let connection = try await appendTail(old)
                try await cluster.kill(old)
                #expect(throws: RawConnection.Failure.self) { _ = try connection.receiveReply() }
                // Only then: what its system still has to send would get through otherwise, to links of before.
                _ = try await cluster.leader(of: 0)
                cluster.heal()
                try await put(later, "after\(later)-", cluster)
                keys += later
                try cluster.spawn(old)
                try await expectEqual(cluster, old, keys)
                #expect(said("cutting a tail", old, cluster))
            }
            try await cluster.signalAll(SIGTERM)
        }

        /// Cut off from all but its clients, while others write exactly as many records as it has.
        @Test(arguments: engines) func isCutAtAnEqualSequence(engines: [String]) async throws {
            let cluster = try await Faults.cluster([engines], Faults.options(.etcd, isBehindProxies: true))
            try await put(50, "before", cluster)
            let old = try await cluster.leader(of: 0)
            let end = try await sequence(old, cluster) + UInt64(Self.tailCount)
            cluster.isolate(old, .init(peers: Self.both, coordinator: Self.both))
            let connection = try await appendTail(old)
            let others = cluster.members.filter { $0 !== old }
            var new: TestCluster.Member?
            let isReplaced = try await Poll.until {
                let isShown = try await showsTail(old)
                #expect(!isShown)
                for member in others {
                    let status = try? await cluster.status(of: member)
                    if status?.role == .leader, status?.leadership?.leader == "\(member.address)" { new = member }
                }
                return new != nil
            }
            #expect(isReplaced, "nobody takes over from a leader that is cut off")
            let leader = try #require(new)
            var written = 0
            let client = try await RESPClient.connect(to: leader.listen)
            while try await sequence(leader, cluster) < end {
                #expect(try await client.command("SET", "after\(written)", "v") == .simple("OK"))
                written += 1
            }
            #expect(try await sequence(leader, cluster) == end && written > 0, "the logs are not of one length")
            #expect(throws: RawConnection.Failure.self) { _ = try connection.receiveReply() }
            cluster.heal()
            try await expectEqual(cluster, old, 50 + written)
            #expect(said("cutting a tail", old, cluster))
            await client.close()
            try await cluster.signalAll(SIGTERM)
        }

        /// So much is written meanwhile that the new leader's log no longer reaches back to where they parted.
        @Test(.enabled(if: Faults.isLong), arguments: engines) func isReplacedByASnapshot(engines: [String])
            async throws
        {
            let cluster = try await Faults.cluster([engines], Faults.options(.etcd, isBehindProxies: true))
            try await put(50, "before", cluster)
            let old = try await cluster.leader(of: 0)
            cluster.isolate(old, .init(peers: Self.both, coordinator: Self.both))
            _ = try await appendTail(old)
            try await cluster.kill(old)
            let leader = try await cluster.leader(of: 0)
            cluster.heal()
            // In parts that a slow disk takes within a client's patience, until the log no longer begins with the first
            // record: how soon depends on the engine.
            var parts = 0
            while try firstLogged(leader) == 1, parts < 100 {
                try await put(20, "large\(parts)-", cluster, size: 1 << 20)
                parts += 1
            }
            try #require(parts < 100, "the log is never cut")
            try cluster.spawn(old)
            try await expectEqual(cluster, old, 50 + parts * 20)
            #expect(said("taking a snapshot", old, cluster))
            try await cluster.signalAll(SIGTERM)
        }
    }
}
