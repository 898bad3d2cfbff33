import Foundation
import Glibc
import Model
import Server
import Testing

extension EndToEndSuite {
    /// A disk that fails at a sync: another member takes over, or the node goes on by itself once the disk is well again.
    @Suite struct FailedDiskTests {
        /// From the fault, or from its end, to the next write that is taken.
        private static let writesGoOn = Duration.seconds(5)

        private static func put(_ number: Int, to address: NodeAddress) async -> Bool {
            let answer = try? await HTTPFetch.request(
                method: "PUT",
                address: address,
                path: "/kv/key-\(number)",
                body: Array("\(number)".utf8)
            )
            return answer.map { (200..<300).contains($0.status) } ?? false
        }

        private static func missing(_ written: [Int], at address: NodeAddress) async throws -> [Int] {
            var missing: [Int] = []
            for number in written {
                let answer = try await HTTPFetch.request(method: "GET", address: address, path: "/kv/key-\(number)")
                if String(decoding: answer.body, as: UTF8.self) != "\(number)" { missing.append(number) }
            }
            return missing
        }

        /// Writes until one is taken; returns how long that took.
        private static func writeUntilTaken(_ written: inout [Int], to address: NodeAddress) async throws -> Duration {
            let begun = ContinuousClock.now
            var number = (written.last ?? 0) + 1
            let isTaken = try await Poll.until(within: .seconds(30)) {
                number += 1
                return await put(number, to: address)
            }
            #expect(isTaken, "no write is taken any more")
            written.append(number)
            return ContinuousClock.now - begun
        }

        @Test(arguments: [EIO, ENOSPC]) func aNodeAloneGoesOnByItself(error: Int32) async throws {
            let cluster = try TestCluster([["lmdb"]])
            let node = cluster.members[0]
            let faults = try await PreloadedFaults(for: cluster)
            try cluster.spawn(node, environment: faults.environment)
            try await cluster.waitUntilReady()
            var written: [Int] = []
            for number in 1...20 where await Self.put(number, to: node.address) { written.append(number) }
            #expect(written.count == 20)
            try faults.begin(.sync, on: "/log/", error: error)
            #expect(await !Self.put(21, to: node.address))
            // All that asks is told, and goes on being told while the disk stays as it is.
            let isTold = try await Poll.until(within: .seconds(5)) {
                let ready = try await HTTPFetch.request(method: "GET", address: node.address, path: "/readyz")
                return ready.status == 503
            }
            #expect(isTold, "/readyz says that all is well")
            let saysWhy = try await Poll.until(within: .seconds(5)) {
                let status = try await cluster.status(of: node)
                return status.state != .running && status.message.contains(String(cString: strerror(error)))
            }
            let message = try await cluster.status(of: node).message
            #expect(saysWhy, "\(message)")
            let told = try await cluster.expectTrouble(.nodeFailed, of: node)
            print("a failed disk (errno \(error)) is told everywhere within \(told)")
            #expect(await !Self.put(21, to: node.address))
            try faults.end()
            let pause = try await Self.writeUntilTaken(&written, to: node.address)
            try await cluster.expectHealthy()
            #expect(pause < Self.writesGoOn, "writes go on after \(pause)")
            #expect(try await Self.missing(written, at: node.address).isEmpty)
            try await cluster.signalAll(SIGKILL)
            try await cluster.start()
            #expect(try await Self.missing(written, at: node.address).isEmpty)
            try await cluster.signalAll(SIGTERM)
        }

        @Test(arguments: [EIO, ENOSPC]) func aReplicaTakesOver(error: Int32) async throws {
            let cluster = try TestCluster([["lmdb", "rocksdb"]])
            let (leader, replica) = (cluster.members[0], cluster.members[1])
            let faults = try await PreloadedFaults(for: cluster)
            try cluster.spawn(leader, environment: faults.environment)
            try cluster.spawn(replica)
            try await cluster.waitUntilReady()
            _ = try await Poll.until { try await cluster.status(of: replica).inSync }
            var written: [Int] = []
            for number in 1...20 where await Self.put(number, to: leader.address) { written.append(number) }
            #expect(written.count == 20)
            try faults.begin(.sync, on: "/log/", error: error)
            #expect(await !Self.put(21, to: leader.address))
            let pause = try await Self.writeUntilTaken(&written, to: replica.address)
            #expect(pause < Self.writesGoOn, "writes go on after \(pause)")
            for _ in 0..<5 { _ = try await Self.writeUntilTaken(&written, to: replica.address) }
            try faults.end()
            let isBack = try await Poll.until(within: .seconds(30)) {
                let status = try await cluster.status(of: leader)
                return status.state == .running && status.inSync
            }
            let message = try await cluster.status(of: leader).message
            #expect(isBack, "\(message)")
            #expect(try await Self.missing(written, at: replica.address).isEmpty)
            // It has all of it, too, and can become leader again.
            replica.process?.signal(SIGKILL)
            _ = try await Self.writeUntilTaken(&written, to: leader.address)
            #expect(try await Self.missing(written, at: leader.address).isEmpty)
            leader.process?.signal(SIGTERM)
            #expect(try await leader.process?.waitForExit() == .code(0))
        }
    }
}
