import Glibc
import Model
import Server
import Testing

extension EndToEndSuite {
    /// Item 2 and 4: four nodes, both engines, real input; and the paper's resharding by hand.
    @Suite struct ClusterTests {
        @Test func realInputReachesLeadersAndReplicas() async throws {
            let pairs = try await PackageList.pairs(limit: isLong ? .max : 4000)
            let cluster = try TestCluster([["lmdb", "rocksdb"], ["rocksdb", "lmdb"]])
            try await cluster.start()
            let nodes = cluster.members.map(\.address)
            let began = ContinuousClock.now
            try await Traffic.putOverHTTP(Array(pairs[..<(pairs.count / 2)]), nodes)
            let middle = ContinuousClock.now
            try await Traffic.putOverRESP(Array(pairs[(pairs.count / 2)...]), nodes)
            let lastAcknowledged = ContinuousClock.now
            let isLevel = try await Poll.until(every: .milliseconds(2)) { try await cluster.isLevel() }
            let lag = lastAcknowledged.duration(to: .now)
            print("\(pairs.count) pairs: half over HTTP in \(began.duration(to: middle)), half over RESP in")
            print(
                "\(middle.duration(to: lastAcknowledged)); lag was 0 everywhere \(lag) after the last acknowledgement"
            )
            #expect(isLevel && lag <= .seconds(1), "lag was not 0 until \(lag) after the last write")
            let status = try await cluster.status()
            #expect(status.keys == pairs.count)
            #expect(status.bytes > 0)
            for member in cluster.members {
                let index = member.shard == "shard0" ? UInt16(0) : 1
                let own = pairs.filter { PackageList.slot(of: $0.key) / 8192 == index }
                try await expect(own, on: member, of: cluster)
            }
            try await cluster.signalAll(SIGTERM)
        }

        /// Exactly these pairs, byte for byte over RESP and over HTTP.
        private func expect(_ own: [Pair], on member: TestCluster.Member, of cluster: TestCluster) async throws {
            let address = member.address
            let isReplica = try await cluster.status(of: member).role == .replica
            let name = "\(member.shard) \(address)"
            // Counts may be a second old, and longer while the applier deletes half of all keys in one go.
            var keys = 0
            let isExact = try await Poll.until {
                keys = try await cluster.status(of: member).keys
                return keys == own.count
            }
            #expect(isExact, "\(name): \(keys) keys, not \(own.count)")
            let missing = try await Traffic.missing(own, on: address, isReplica: isReplica)
            #expect(missing.isEmpty, "\(name): \(missing.count) of \(own.count), first \(missing.first ?? "")")
            let mismatch = try await Traffic.mismatchOverHTTP(own, on: address, isReplica: isReplica)
            #expect(mismatch == nil, "\(name)")
        }

        @Test func paperReshardingByHandKeepsEveryKeyOnExactlyOneShard() async throws {
            let pairs = try await PackageList.pairs(limit: isLong ? .max : 2000)
            let cluster = try TestCluster([["lmdb", "rocksdb"], ["rocksdb", "lmdb"]], placement: "modulo")
            try await cluster.start()
            try await Traffic.putOverRESP(pairs, cluster.members.map(\.address))
            #expect(try await Poll.until { try await cluster.isLevel() })
            try await cluster.signalAll(SIGTERM)
            try cluster.grow(by: [["lmdb", "rocksdb"], ["rocksdb", "lmdb"]])
            // Leaders' folders for leaders, replicas' for replicas: each has its own engine's files.
            for index in 0..<4 {
                let copy = ["cp", "-a", cluster.members[index].folder, cluster.members[index + 4].folder]
                #expect(try await ChildProcess.run(copy).exit == .code(0))
            }
            try await cluster.start(extra: ["--adopt"])
            // A clean stop hands the lead over, so it may be with a node that config.yaml calls a replica.
            for shard in try await cluster.status().shards {
                let leader = try NodeAddress(shard.leader)
                var answer = HTTPFetchResponse(status: 0, headers: [:], body: [])
                // A map that has just changed is a reason to ask again, as its refusal says.
                let isClean = try await Poll.until {
                    answer = try await HTTPFetch.request(method: "POST", address: leader, path: "/clean")
                    return answer.status != 409 || !answer.refusal.contains("try again")
                }
                #expect(isClean && answer.status == 200, "\(answer.refusal)")
            }
            #expect(try await Poll.until { try await cluster.isLevel() })
            #expect(try await cluster.status().keys == pairs.count)
            for member in cluster.members {
                let own = pairs.filter { "shard\(Int(PackageList.slot(of: $0.key)) % 4)" == member.shard }
                try await expect(own, on: member, of: cluster)
            }
            try await cluster.signalAll(SIGTERM)
        }
    }
}
