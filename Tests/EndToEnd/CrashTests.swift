import Glibc
import Model
import Server
import Testing

extension EndToEndSuite {
    /// Item 3: kill -9 in the middle of a load, and logs that are not what was written.
    @Suite struct CrashTests {
        @Test func everyAcknowledgedWriteSurvivesKill() async throws {
            let pairs = try await PackageList.pairs(limit: isLong ? .max : 8000)
            let cluster = try TestCluster([["lmdb", "rocksdb"], ["rocksdb", "lmdb"]])
            let cycles = isLong ? 20 : 2
            let nodes = cluster.members.map(\.address)
            let began = ContinuousClock.now
            var (written, rest) = ([Pair](), pairs)
            var lost = 0
            try await cluster.start()
            for cycle in 0..<cycles {
                let load = rest
                let acknowledged = Acknowledged()
                let loading = Task { try await Traffic.put(load, nodes, until: acknowledged) }
                // Each kill cuts off a load of everything that is not acknowledged yet.
                let hasBegun = try await Poll.until(every: .milliseconds(1)) {
                    await acknowledged.pairs.count >= load.count / (cycles + 1 - cycle)
                }
                #expect(hasBegun)
                try await cluster.signalAll(SIGKILL)
                // What a cut connection was to answer is unknown: either is right, and it is written again.
                try await loading.value
                let new = await acknowledged.pairs
                #expect(new.count < load.count, "the load was over before the kill: nothing was tested")
                written += new
                let done = Set(new)
                rest.removeAll { done.contains($0) }
                try await cluster.start()
                #expect(try await Poll.until { try await cluster.isLevel() }, "cycle \(cycle): replicas stay behind")
                lost += try await lostOn(cluster, written, "cycle \(cycle)")
            }
            print(
                "\(cycles) kills in loads of \(pairs.count) pairs: \(written.count) acknowledged before, \(lost) lost,"
            )
            print("each looked for on leader and replica after each kill, in \(began.duration(to: .now))")
            try await Traffic.putOverRESP(rest, nodes)
            #expect(try await Poll.until { try await cluster.isLevel() })
            #expect(try await lostOn(cluster, pairs, "at the end") == 0)
            #expect(try await cluster.status().keys == pairs.count)
            try await cluster.signalAll(SIGTERM)
        }

        /// How many of all pairs acknowledged so far a leader or a replica does not have.
        private func lostOn(_ cluster: TestCluster, _ written: [Pair], _ when: String) async throws -> Int {
            var lost = 0
            for member in cluster.members {
                let own = written.filter { "shard\(PackageList.slot(of: $0.key) / 8192)" == member.shard }
                let missing = try await Traffic.missing(
                    own,
                    on: member.address,
                    isReplica: try await cluster.status(of: member).role == .replica
                )
                #expect(missing.isEmpty, "\(when), \(member.address): \(missing.count), first \(missing.first ?? "")")
                lost += missing.count
            }
            return lost
        }

        @Test func tornTailIsCutAndSaid() async throws {
            let cluster = try TestCluster([["lmdb"], ["rocksdb"]])
            let pairs = (0..<500).map { Pair(key: Array("key\($0)".utf8), value: Array("value\($0)".utf8)) }
            try await cluster.start()
            try await Traffic.putOverRESP(pairs, cluster.members.map(\.address))
            for damage in ["garbage behind the end", "half of the last batch"] {
                // Batches of their own, at the end of each shard's log: what the second damage takes away.
                for key in ["a", "b"] {
                    #expect(try await ShoalBinary.run("put", key, damage, config: cluster.configFile).exit == .code(0))
                }
                try await cluster.signalAll(SIGKILL)
                var cut: [(segment: String, offset: Int)] = []
                for member in cluster.members {
                    let log = try LogTail(of: member.folder)
                    if damage.hasPrefix("garbage") {
                        try TestFolder.overwrite(log.segment, at: log.end, with: Array("not a batch at all".utf8))
                        cut.append((log.segment, log.end))
                    } else {
                        let torn = [UInt8](repeating: 0, count: (log.end - log.lastBatch) / 2)
                        try TestFolder.overwrite(log.segment, at: log.end - torn.count, with: torn)
                        cut.append((log.segment, log.lastBatch))
                    }
                }
                try await cluster.start()
                for (member, cut) in zip(cluster.members, cut) {
                    let said = String(decoding: TestFolder.read(cluster.log(of: member)), as: UTF8.self)
                    let name = cut.segment.split(separator: "/").last ?? ""
                    let line = said.split(separator: "\n").last { $0.contains("torn tail") } ?? ""
                    #expect(line.contains("warning") && line.contains(name), "\(damage): \(said)")
                    #expect(line.contains("offset=\(cut.offset) "), "\(damage) at \(cut.offset): \(line)")
                    let own = pairs.filter { "shard\(PackageList.slot(of: $0.key) / 8192)" == member.shard }
                    #expect(try await Traffic.missing(own, on: member.address, isReplica: false).isEmpty, "\(damage)")
                }
            }
            #expect(try await ShoalBinary.run("put", "a", "again", config: cluster.configFile).exit == .code(0))
            try await cluster.signalAll(SIGTERM)
        }

        @Test(arguments: ["lmdb", "rocksdb"]) func flippedByteIsReportedAndNothingServed(engine: String) async throws {
            let cluster = try TestCluster([[engine]])
            try await cluster.start()
            let node = cluster.members[0]
            let pairs = (0..<500).map { Pair(key: Array("key\($0)".utf8), value: Array("value\($0)".utf8)) }
            try await Traffic.putOverRESP(pairs, [node.address])
            try await cluster.signalAll(SIGKILL)
            let find = "find \(node.folder) -path '*log*' -type f -size +0 ! -name LOG -printf '%p\\n' | sort"
            let files = try await ChildProcess.run(["sh", "-c", "grep -l -a value250 $(\(find))"])
            let segment = try #require(
                files.text.split(separator: "\n").map(String.init).first { !$0.hasSuffix(".sst") }
            )
            let bytes = TestFolder.read(segment)
            let needle = Array("value250".utf8)
            let offset = try #require(bytes.indices.first { bytes[$0...].starts(with: needle) })
            try TestFolder.overwrite(segment, at: offset, with: [bytes[offset] ^ 0x40])
            try cluster.spawn(node)
            let exit = try await #require(node.process).waitForExit()
            #expect(exit == .code(1))
            let said =
                String(decoding: TestFolder.read(cluster.log(of: node)), as: UTF8.self).split(separator: "\n").last
                ?? ""
            let name = segment.split(separator: "/").last ?? ""
            #expect(said.contains(name) && said.contains("offset"), "\(said)")
        }
    }
}
