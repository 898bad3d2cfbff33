import Foundation
import Glibc
import Model
import Server
import TestSupport
import Testing

extension EndToEndSuite {
    /// A disk that changes what it was given: nothing of it is served, and who has a replica gets it back.
    @Suite struct BitRotTests {
        private static let keys = 200
        private static let damaged = 7

        private static func value(_ number: Int) -> String { "value-\(number)-" + String(repeating: "x", count: 300) }

        private static func fill(_ address: NodeAddress) async throws {
            let client = try await RESPClient.connect(to: address)
            for number in 0..<keys {
                let words = ["SET", "key-\(number)", value(number)].map { Array($0.utf8) }
                guard try await client.command(words) == .simple("OK") else { throw TestFailure("SET \(number)") }
            }
            await client.close()
        }

        /// - Returns: what each key gives that is not its value.
        private static func wrong(at address: NodeAddress) async throws -> [String] {
            var wrong: [String] = []
            let client = try await RESPClient.connect(to: address)
            for number in 0..<keys {
                let reply = try await client.command([Array("GET".utf8), Array("key-\(number)".utf8)])
                if reply != .bulk(Array(value(number).utf8)) { wrong.append("key-\(number): \(reply)") }
            }
            await client.close()
            return wrong
        }

        /// Flips a bit in each copy of one key's value.
        private static func damage(_ member: TestCluster.Member) throws {
            let file = URL(filePath: "\(member.folder)/engine/data.mdb")
            var bytes = try Data(contentsOf: file)
            var start = bytes.startIndex
            var flips = 0
            while let found = bytes.range(of: Data("value-\(damaged)-".utf8), in: start..<bytes.endIndex) {
                bytes[found.lowerBound] ^= 4
                start = found.upperBound
                flips += 1
            }
            try #require(flips > 0, "the value is not in the file")
            try bytes.write(to: file)
        }

        @Test func aNodeAloneServesTheRestAndSaysWhatIsDamaged() async throws {
            let cluster = try TestCluster([["lmdb"]])
            let node = cluster.members[0]
            try await cluster.start()
            try await Self.fill(node.address)
            try await cluster.stop(node)
            try Self.damage(node)
            try cluster.spawn(node)
            try await cluster.waitUntilReady()
            let wrong = try await Self.wrong(at: node.address)
            #expect(wrong.count == 1, "\(wrong)")
            let text = wrong.first ?? ""
            for word in ["key-\(Self.damaged)", "damaged", "slot"] { #expect(text.contains(word), "\(text)") }
            let told = try await cluster.expectTrouble(.engineFailed, of: node)
            print("a damaged record is told of within \(told)")
            let client = try await RESPClient.connect(to: node.address)
            let words = ["SET", "key-\(Self.damaged)", Self.value(Self.damaged)].map { Array($0.utf8) }
            #expect(try await client.command(words) == .simple("OK"))
            await client.close()
            #expect(try await Self.wrong(at: node.address).isEmpty)
            try await cluster.expectHealthy()
            #expect(try await cluster.status(of: node).keys == Self.keys)
            try await cluster.signalAll(SIGTERM)
        }

        @Test func aLeaderHandsOverAndGetsANewCopy() async throws {
            let cluster = try TestCluster([["lmdb", "lmdb"]])
            let (first, second) = (cluster.members[0], cluster.members[1])
            try await cluster.start()
            try await cluster.waitUntilInSync()
            try await Self.fill(cluster.leader(of: 0).address)
            try await cluster.waitUntilInSync()
            for member in [second, first] { try await cluster.stop(member) }
            try Self.damage(first)
            // The last leader, alone: it becomes leader again.
            try cluster.spawn(first)
            #expect(try await cluster.leader(of: 0).address == first.address)
            try cluster.spawn(second)
            try await cluster.waitUntilInSync()
            let wrong = try await Self.wrong(at: first.address)
            #expect(wrong.contains { $0.contains("key-\(Self.damaged):") }, "\(wrong)")
            #expect(!wrong.contains { !$0.contains("damaged") && !$0.contains("MOVED") }, "a wrong value: \(wrong)")
            let isHandedOver = try await Poll.until { try await cluster.status(of: second).role == .leader }
            #expect(isHandedOver, "\(cluster.chronicle)")
            try await cluster.expectHealthy()
            #expect(try await Self.wrong(at: second.address).isEmpty)
            // What it has now is whole: it is asked as the leader again.
            let back = try await ShoalBinary.run(["switchover", "shard0"], config: cluster.configFile)
            #expect(back.exit == .code(0), "\(back.text) \(back.errors)")
            #expect(try await Poll.until { try await cluster.status(of: first).role == .leader })
            #expect(try await Self.wrong(at: first.address).isEmpty)
            #expect(try await cluster.status(of: first).keys == Self.keys)
            try await cluster.signalAll(SIGTERM)
        }
    }
}
