import Glibc
import Server
import Testing

extension EndToEndSuite {
    /// Item 3: kill -9 in the middle of a load, and logs that are not what was written.
    @Suite struct CrashTests {
        @Test func everyAcknowledgedWriteSurvivesKill() async throws {
            let pairs = try await PackageList.pairs(limit: isLong ? .max : 8000)
            let cluster = try TestCluster([["lmdb", "rocksdb"], ["rocksdb", "lmdb"]])
            let cycles = isLong ? 20 : 2
            try await cluster.start()
            for cycle in 0..<cycles {
                let acknowledged = Acknowledged()
                let share = Array(pairs[(pairs.count * cycle / cycles)..<(pairs.count * (cycle + 1) / cycles)])
                let nodes = cluster.members.map(\.address)
                let load = Task {
                    try await Traffic.split(share) { worker, part in
                        let connections = Connections()
                        for (index, pair) in part.enumerated() {
                            let command = [Array("SET".utf8), pair.key, pair.value]
                            let node = nodes[(worker + index) % nodes.count]
                            // The outcome of a write cut off by the kill is unknown: either is right.
                            guard (try? await connections.command(command, node)) == .simple("OK") else { break }
                            await acknowledged.add(pair)
                        }
                        await connections.close()
                    }
                }
                let hasBegun = try await Poll.until { await acknowledged.pairs.count >= share.count / 3 }
                #expect(hasBegun)
                try await cluster.signalAll(SIGKILL)
                try await load.value
                let written = await acknowledged.pairs
                #expect(written.count < share.count, "the load was over before the kill: nothing was tested")
                try await cluster.start()
                for (index, leader) in cluster.leaders.enumerated() {
                    let own = written.filter { Int(PackageList.slot(of: $0.key) / 8192) == index }
                    let missing = try await Traffic.missing(own, on: leader.address, isReplica: false)
                    #expect(missing.isEmpty, "cycle \(cycle): lost \(missing.count), first \(missing.first ?? "")")
                }
            }
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

actor Acknowledged {
    private(set) var pairs: [Pair] = []
    func add(_ pair: Pair) { pairs.append(pair) }
}
