import Foundation
import Glibc
import Model
import Server
import TestSupport
import Testing

extension EndToEndSuite {
    /// A process that may not have more descriptors: clients beyond its room are refused, and nothing else suffers.
    @Suite struct FilesLimitTests {
        private static let filesMax = 256
        private static let idleClients = 300
        private static let valueBytes = 64 << 10
        /// More than a segment of the log holds, so that the next one is begun meanwhile.
        private static let writes = 1_200

        @Test(arguments: ["lmdb", "rocksdb"]) func aNodeGoesOnAtItsLimit(engine: String) async throws {
            let cluster = try TestCluster([[engine, engine]])
            for member in cluster.members {
                try cluster.spawn(member, shell: "ulimit -n \(Self.filesMax); exec \"$@\"")
            }
            try await cluster.waitUntilInSync()
            let (leader, replica) = (cluster.members[0], cluster.members[1])
            let client = try await RESPClient.connect(to: leader.address)
            var idle = try (0..<Self.idleClients).map { _ in try RawConnection(to: leader.address) }
            // Those that it has no room for are told so.
            #expect(try idle[Self.idleClients - 1].receiveAllText().hasPrefix("-ERR max number of clients reached"))
            try await cluster.expectTrouble(.filesLimit, of: leader)
            for path in ["/healthz", "/readyz"] {
                let answer = try await HTTPFetch.request(method: "GET", address: leader.address, path: path)
                #expect(answer.status == 200, "\(path): \(answer.status)")
            }
            let refused = try await HTTPFetch.request(method: "GET", address: leader.address, path: "/kv/k")
            #expect(refused.status == 503)

            let value = [UInt8](repeating: 7, count: Self.valueBytes)
            for number in 0..<Self.writes {
                let reply = try await client.command([Array("SET".utf8), Array("key\(number)".utf8), value])
                guard reply == .simple("OK") else { throw TestFailure("write \(number): \(reply)") }
            }
            // A replica that comes back finds its way in.
            try await cluster.stop(replica)
            try cluster.spawn(replica)
            let isBack = try await Poll.until(within: .seconds(60)) {
                let status = try? await cluster.status(of: replica)
                return status?.state == .running && status?.inSync == true
            }
            #expect(isBack, "the replica finds no way in")
            let before = try Self.processorTime(of: leader)
            let calm = ContinuousClock.now + .seconds(2)
            #expect(try await Poll.until { ContinuousClock.now > calm })
            let used = try Self.processorTime(of: leader) - before
            #expect(used < 0.5, "\(used) s of processor time in two seconds without traffic")
            #expect(try await cluster.status(of: leader).leadership?.term == 1, "the leader has lost its lease")
            idle = []
            let isFree = try await Poll.until {
                let answer = try? await HTTPFetch.request(method: "GET", address: leader.address, path: "/kv/key0")
                return answer?.status == 200
            }
            #expect(isFree, "clients are refused although the others have gone")
            try await cluster.expectHealthy()
            await client.close()
            try await cluster.signalAll(SIGTERM)
        }

        /// User and system, in seconds.
        private static func processorTime(of member: TestCluster.Member) throws -> Double {
            let text = String(decoding: TestFolder.read("/proc/\(member.process?.pid ?? 0)/stat"), as: UTF8.self)
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else {
                throw TestFailure("no processor time in \(text)")
            }
            return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
        }
    }
}
