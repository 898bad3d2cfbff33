import Foundation
import Model
import Routing
import Server
import TestSupport
import Testing

extension EndToEndSuite.Faults {
    /// Item 5: etcd's own members die, one of them and all.
    @Suite struct EtcdOutageTests {
        private func terms(_ cluster: TestCluster) async throws -> [UInt64?] {
            var terms: [UInt64?] = []
            for member in cluster.members { terms.append(try await cluster.status(of: member).leadership?.term) }
            return terms
        }

        /// Which member of etcd leads.
        private func leader(_ etcd: TestEtcd) async throws -> Int {
            struct Status: Decodable {
                struct Header: Decodable {
                    var member: String

                    enum CodingKeys: String, CodingKey { case member = "member_id" }
                }
                var header: Header
                var leader: String?
            }
            for (index, endpoint) in etcd.endpoints.enumerated() {
                let ran = try await ChildProcess.run(["curl", "-sS", "-d", "{}", "\(endpoint)/v3/maintenance/status"])
                let status = try JSONDecoder().decode(Status.self, from: Data(ran.output))
                if status.leader == status.header.member { return index }
            }
            throw TestFailure("etcd has no leader")
        }

        /// The answers of a shard's leader to a write and a read over RESP, and to a write and a read over HTTP.
        private func answers(_ member: TestCluster.Member, _ key: String) async throws -> [String] {
            var answers: [String] = []
            let client = try await RESPClient.connect(to: member.listen)
            for command in [["SET", key, "late"], ["GET", key]] {
                do throws(ClientError) {
                    answers.append("\(try await client.command(command.map { Array($0.utf8) }))")
                } catch {
                    answers.append(error.code.rawValue)
                }
            }
            await client.close()
            for method in ["PUT", "GET"] {
                do throws(ClientError) {
                    let path = "/kv/\(key)"
                    let response = try await HTTPFetch.request(method: method, address: member.listen, path: path)
                    answers.append("\(response.status) \(response.headers["retry-after"] ?? "")")
                } catch {
                    answers.append(error.code.rawValue)
                }
            }
            return answers
        }

        @Test func membersOfEtcdDieAndComeBack() async throws {
            let options = try await Faults.options(.etcd)
            let etcd = try #require(options.etcd)
            let cluster = try await Faults.cluster(Array(Faults.nineNodes.prefix(2)), options)
            let load = try AuditLoad(cluster)
            let running = Task { await load.run() }
            let before = load.acknowledged
            #expect(try await Poll.until { load.acknowledged > before + 100 }, "nobody writes")

            // One that follows: nothing happens.
            let terms = try await terms(cluster)
            let first = (try await leader(etcd) + 1) % 3
            etcd.kill(first)
            try await passes(cluster, longerThanALease: load)
            #expect(load.troubles.isEmpty, "\(load.troubles)\n\(cluster.chronicle)")
            #expect(try await self.terms(cluster) == terms, "a lead changed although etcd had a quorum")
            try etcd.start(first)
            try await etcd.waitUntilReady(first)

            // The one that leads: at worst the lease of a shard's leader runs out meanwhile (docs/coordination.md).
            let second = try await leader(etcd)
            etcd.kill(second)
            try await passes(cluster, longerThanALease: load)
            try etcd.start(second)
            try await etcd.waitUntilReady(second)
            try await cluster.waitUntilInSync()

            try await outage(etcd, cluster, load)
            try await Faults.judge(load, running, cluster, "etcd's members killed, one and all")
            try await cluster.signalAll(SIGTERM)
        }

        /// Writes go on for longer than a lease lives, on every shard.
        private func passes(_ cluster: TestCluster, longerThanALease load: AuditLoad) async throws {
            let end = ContinuousClock.now + .seconds(4)
            while ContinuousClock.now < end {
                load.awaitWrites(on: Array(0..<cluster.shardCount))
                for shard in 0..<cluster.shardCount {
                    try #require(try await load.gap(shard) != nil, "shard \(shard) takes no writes any more")
                }
            }
        }

        /// All of them: leaders go on until their leases end, then nobody serves; nobody has to do anything after.
        private func outage(_ etcd: TestEtcd, _ cluster: TestCluster, _ load: AuditLoad) async throws {
            var leaders: [TestCluster.Member] = []
            for shard in 0..<cluster.shardCount { leaders.append(try await cluster.leader(of: shard)) }
            let keys = leaders.indices.map { load.key("after-the-end", shard: $0) }
            for member in etcd.ports.indices { etcd.kill(member) }
            load.awaitWrites(on: Array(leaders.indices))
            for shard in leaders.indices {
                #expect(try await load.gap(shard) != nil, "leaders go on until their leases end")
            }
            for (leader, key) in zip(leaders, keys) {
                var last: [String] = []
                let isOver = try await Poll.until {
                    last = try await answers(leader, key)
                    return last.prefix(2).allSatisfy { $0.contains("CLUSTERDOWN") } && last[2...] == ["503 1", "503 1"]
                }
                #expect(isOver, "\(leader.address) still answers \(last)")
            }
            // Until then the key was written, or not.
            load.alsoExpect([], ignoring: ["after-the-end"])
            for member in etcd.ports.indices { try etcd.start(member) }
            load.awaitWrites(on: Array(leaders.indices))
            for shard in leaders.indices {
                try #require(try await load.gap(shard) != nil, "shard \(shard) does not come back by itself")
            }
            try await cluster.waitUntilInSync()
        }
    }
}
