import Glibc
import Model
import TestSupport
import Testing

extension EndToEndSuite {
    /// A real redis-server and a node of one shard are asked the same; what differs by design is in docs/protocol.md.
    @Suite struct RedisDifferentialTests {
        private static let commandsPerSeed = 4000

        @Test(arguments: isLong ? Array(1...60) : [1, 2, 3, 4])
        func randomCommandsAreAnsweredAlike(seed: UInt64) async throws {
            let redis = try await RedisServer()
            let cluster = try TestCluster([[seed % 4 < 2 ? "lmdb" : "rocksdb"]])
            try await cluster.start()
            let connections = try [redis.address, cluster.members[0].address].map { try RawConnection(to: $0) }
            // The status can say that a node runs a moment before all of its loops serve.
            let isServing = try await Poll.until {
                connections[1].send(RawConnection.command("GET", "k"))
                return try connections[1].receiveReply() == Array("$-1\r\n".utf8)
            }
            #expect(isServing)
            var commands = RandomCommands(seed: seed)
            // Odd seeds speak RESP 2, even ones RESP 3.
            let hello = RawConnection.command("HELLO", seed % 2 == 0 ? "3" : "2")
            for connection in connections {
                connection.send(hello)
                _ = try connection.receiveReply()
            }
            var done = 0
            var differences: [String] = []
            while done < Self.commandsPerSeed, differences.count < 10 {
                let batch = (0..<Int.random(in: 1...20, using: &commands.random)).map { _ in commands.next() }
                for connection in connections { connection.send(batch.flatMap { RawConnection.command($0) }) }
                for command in batch {
                    let replies = try connections.map { try $0.receiveReply() }
                    if !Comparison.isSame(command, replies[0], replies[1]) {
                        differences.append("\(Self.text(command)): \(Self.text(replies))")
                    }
                }
                done += batch.count
            }
            #expect(differences.isEmpty, "seed \(seed): \(differences.joined(separator: "\n"))")
            try await cluster.signalAll(SIGTERM)
            _ = redis
        }

        private static func text(_ words: [[UInt8]]) -> String {
            words.map { String(decoding: $0.prefix(200), as: UTF8.self).debugDescription }.joined(separator: " ")
        }
    }
}

/// A redis-server of its own in cluster mode, which owns all slots; killed with this.
final class RedisServer {
    let address: NodeAddress
    private let folder: TestFolder
    private let process: ChildProcess

    init() async throws {
        address = try TestCluster.freshAddress()
        folder = try TestFolder()
        process = try ChildProcess.start(
            [
                "redis-server", "--bind", address.host, "--port", "\(address.port)", "--dir", folder.path, "--save", "",
                "--cluster-enabled", "yes", "--cluster-announce-ip", address.host,
            ],
            output: "\(folder.path)/log"
        )
        let address = address
        let isReady = try await Poll.until {
            guard let connection = try? RawConnection(to: address) else { return false }
            connection.send(RawConnection.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383"))
            _ = try connection.receiveReply()
            connection.send(RawConnection.command("GET", "k"))
            return try connection.receiveReply() == Array("$-1\r\n".utf8)
        }
        guard isReady else { throw TestFailure("redis-server is not ready") }
    }
}

/// Whether two replies say the same.
private enum Comparison {
    static func isSame(_ command: [[UInt8]], _ redis: [UInt8], _ shoal: [UInt8]) -> Bool {
        if redis == shoal { return true }
        let name = String(decoding: command[0], as: UTF8.self).lowercased()
        switch name {
        // Each has its own order.
        case "scan", "keys": return isArray(redis) && lines(redis).sorted() == lines(shoal).sorted()
        // The clock goes on between the two.
        case "ttl", "pttl":
            guard let first = number(redis), let second = number(shoal), first > 0, second > 0 else { return false }
            return abs(first - second) <= (name == "ttl" ? 5 : 5000)
        // Versions, ids and addresses are their own.
        case "hello", "client", "cluster", "command", "config":
            return !isError(redis) && !isError(shoal)
        default: return false
        }
    }

    private static func isError(_ reply: [UInt8]) -> Bool { reply.first == UInt8(ascii: "-") }

    private static func isArray(_ reply: [UInt8]) -> Bool { reply.first == UInt8(ascii: "*") }

    private static func lines(_ reply: [UInt8]) -> [String] {
        String(decoding: reply, as: UTF8.self).split(separator: "\r\n").map(String.init)
    }

    private static func number(_ reply: [UInt8]) -> Int? {
        reply.first == UInt8(ascii: ":") ? Int(String(decoding: reply.dropFirst().dropLast(2), as: UTF8.self)) : nil
    }
}
