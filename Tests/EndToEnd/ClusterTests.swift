import Glibc
import Routing
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
            try await Traffic.putOverHTTP(Array(pairs[..<(pairs.count / 2)]), nodes)
            try await Traffic.putOverRESP(Array(pairs[(pairs.count / 2)...]), nodes)
            let isLevel = try await Poll.until(within: .seconds(5)) {
                try await cluster.status().shards.flatMap(\.nodes).allSatisfy {
                    $0.lag.entries == 0 && $0.lag.bytes == 0
                }
            }
            #expect(isLevel, "the replicas still lag behind")
            let status = try await cluster.status()
            #expect(status.keys == pairs.count)
            #expect(status.bytes > 0)
            for member in cluster.members {
                let index = member.shard == "shard0" ? UInt16(0) : 1
                let own = pairs.filter { PackageList.slot(of: $0.key) / 8192 == index }
                #expect(try await cluster.status(of: member).keys == own.count, "\(member.address)")
                let missing = try await Traffic.missing(own, on: member.address, isReplica: member.isReplica)
                #expect(
                    missing.isEmpty,
                    "\(member.address): \(missing.count) of \(own.count), first \(missing.first ?? "")"
                )
            }
            try await cluster.signalAll(SIGTERM)
        }

        @Test func paperReshardingByHandKeepsEveryKeyOnExactlyOneShard() async throws {
            let pairs = try await PackageList.pairs(limit: isLong ? .max : 2000)
            let cluster = try TestCluster([["lmdb"], ["rocksdb"]], placement: "modulo")
            try await cluster.start()
            try await Traffic.putOverRESP(pairs, cluster.members.map(\.address))
            try await cluster.signalAll(SIGTERM)
            try cluster.grow(by: [["lmdb"], ["rocksdb"]])
            for index in 0...1 {
                let copy = ["cp", "-a", cluster.members[index].folder, cluster.members[index + 2].folder]
                #expect(try await ChildProcess.run(copy).exit == .code(0))
            }
            try await cluster.start(extra: ["--adopt"])
            for member in cluster.members {
                let answer = try await HTTPFetch.request(method: "POST", address: member.address, path: "/clean")
                #expect(answer.status == 200, "\(String(decoding: answer.body, as: UTF8.self))")
            }
            #expect(try await cluster.status().keys == pairs.count)
            for (index, member) in cluster.members.enumerated() {
                let own = pairs.filter { Int(PackageList.slot(of: $0.key)) % 4 == index }
                #expect(try await cluster.status(of: member).keys == own.count, "\(member.shard)")
                #expect(try await Traffic.missing(own, on: member.address, isReplica: false).isEmpty, "\(member.shard)")
            }
            try await cluster.signalAll(SIGTERM)
        }
    }
}
