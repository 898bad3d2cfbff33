import Glibc
import Model
import Routing
import Server
import Testing

extension EndToEndSuite {
    /// Item 8: a full disk refuses writes in words, loses nothing, and is over as soon as there is room.
    @Suite struct FullDiskTests {
        private static let valueBytes = 64 << 10
        /// Far more than the disk holds: a run that never meets its end fails.
        private static let writesMax = 20_000

        @Test(
            .enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here"),
            arguments: ["lmdb", "rocksdb"]
        )
        func fullDiskRefusesWritesAndLosesNothing(engine: String) async throws {
            // What is freed later is enough for the log to go on and for a whole replay of it into the engine.
            let disk = try SmallDisk(mebibytes: 704)
            let ballast = "\(disk.path)/ballast"
            #expect(try await ChildProcess.run(["fallocate", "-l", "384M", ballast]).exit == .code(0))
            let cluster = try TestCluster([[engine]])
            let node = cluster.members[0]
            node.folder = "\(disk.path)/node"
            try await cluster.start()
            let client = try await RESPClient.connect(to: node.address)
            var written: [Pair] = []
            let refusal = try await fill(client, &written)
            print("\(engine): \(written.count) writes of 64 KiB until: \(refusal)")
            #expect(Self.saysNoSpace(refusal), "\(refusal)")
            let put = try await HTTPFetch.request(
                method: "PUT",
                address: node.address,
                path: "/kv/over-http",
                body: Self.value(of: 1)
            )
            let body = String(decoding: put.body, as: UTF8.self)
            #expect([503, 507].contains(put.status) && Self.saysNoSpace(body), "\(put.status) \(body)")
            #expect(try await cluster.status(of: node).state == .running)
            let told = try await cluster.expectTrouble(.diskFull, of: node)
            print("\(engine): a full disk is told everywhere within \(told)")
            let missingWhenFull = try await Traffic.missing(written, on: node.address, isReplica: false)
            #expect(missingWhenFull.isEmpty, "\(missingWhenFull.count), first \(missingWhenFull.first ?? "")")
            #expect(unlink(ballast) == 0)
            let goesOn = try await Poll.until {
                try await client.command([Array("SET".utf8), Array("after".utf8), Self.value(of: 2)]) == .simple("OK")
            }
            #expect(goesOn, "writes do not go on by themselves")
            await client.close()
            try await cluster.signalAll(SIGKILL)
            try await cluster.start()
            written.append(Pair(key: Array("after".utf8), value: Self.value(of: 2)))
            let missing = try await Traffic.missing(written, on: node.address, isReplica: false)
            #expect(missing.isEmpty, "lost \(missing.count), first \(missing.first ?? "")")
            try await cluster.signalAll(SIGTERM)
        }

        /// Room is left for what is written already: the engine's files, and the log.
        @Test(
            .enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here"),
            arguments: ["lmdb", "rocksdb"]
        )
        func writesEndBeforeTheDiskDoes(engine: String) async throws {
            let disk = try SmallDisk(mebibytes: 1_000)
            let ballast = "\(disk.path)/ballast"
            #expect(try await ChildProcess.run(["fallocate", "-l", "400M", ballast]).exit == .code(0))
            var options = TestCluster.Options()
            options.reserve = "250MiB"
            let cluster = try TestCluster([[engine]], options: options)
            let node = cluster.members[0]
            node.folder = "\(disk.path)/node"
            try await cluster.start()
            let client = try await RESPClient.connect(to: node.address)
            var written: [Pair] = []
            let refusal = try await fill(client, &written)
            #expect(Self.saysNoSpace(refusal) && refusal.contains("ReserveBytes"), "\(refusal)")
            let left = try disk.bytesFree() >> 20
            print("\(engine): \(written.count) writes of 64 KiB, and \(left) MiB are left")
            // Less than the reserve by what is written until it is noticed, which a busy machine does late.
            #expect(left > 40, "\(left) MiB are left of a reserve of 250")
            try await cluster.expectTrouble(.diskFull, of: node)
            let missingMeanwhile = try await Traffic.missing(written, on: node.address, isReplica: false)
            #expect(missingMeanwhile.isEmpty, "\(missingMeanwhile.count), first \(missingMeanwhile.first ?? "")")
            #expect(unlink(ballast) == 0)
            let goesOn = try await Poll.until {
                try await client.command([Array("SET".utf8), Array("after".utf8), Self.value(of: 2)]) == .simple("OK")
            }
            #expect(goesOn, "writes do not go on by themselves")
            await client.close()
            try await cluster.signalAll(SIGTERM)
        }

        /// Writes until the node refuses; every write is answered, with OK or with a refusal of one line.
        private func fill(_ client: RESPClient, _ written: inout [Pair]) async throws -> String {
            var refusal: String?
            while refusal == nil, written.count < Self.writesMax {
                let chunk = (0..<16).map { index in
                    let number = written.count + index
                    return Pair(key: Array("key\(number)".utf8), value: Self.value(of: number))
                }
                let replies = await client.replies(to: chunk.map { [Array("SET".utf8), $0.key, $0.value] })
                for (pair, reply) in zip(chunk, replies) {
                    switch reply {
                    case .simple("OK"): written.append(pair)
                    case .error(let text): refusal = text
                    default: throw TestFailure("SET: \(reply.map { "\($0)" } ?? "the connection was closed")")
                    }
                }
            }
            guard let refusal else { throw TestFailure("the disk never fills") }
            return refusal
        }

        private static func saysNoSpace(_ text: String) -> Bool {
            text.lowercased().contains("no space") && !text.contains("\n\n")
        }

        /// Bytes that no engine can compress, the same for the same number.
        private static func value(of number: Int) -> [UInt8] {
            var random = SeededRandom(UInt64(number))
            return (0..<(valueBytes / 8)).flatMap { _ in
                withUnsafeBytes(of: UInt64(random.next(in: 0...Int.max - 1))) { Array($0) }
            }
        }
    }
}
