import Model
import Routing
import Server
import Synchronization
import TestSupport
import Testing

@Suite struct ClientClusterTests {
    private func client(_ nodes: [NodeAddress]) throws -> ClusterClient {
        let shards = nodes.enumerated().map { ShardConfig(name: "s\($0)", index: $0, address: $1) }
        return try ClusterClient(config: ClusterConfig(shards: shards))
    }

    /// An address where nothing listens: a server's that is closed again.
    private func deadAddress() throws -> NodeAddress {
        let server = try FakeServer { _ in nil }
        server.close()
        return server.address
    }

    private static let key = Array("key".utf8)

    @Test func getPutDelete() async throws {
        let server = try FakeServer { request in
            switch true {
            case request.contains("SET"): "+OK\r\n"
            case request.contains("DEL"): ":1\r\n"
            case request.contains("none"): "$-1\r\n"
            default: "$2\r\n\r\n\r\n"
            }
        }
        defer { server.close() }
        let client = try client([server.address])
        #expect(try await client.get(Self.key) == [13, 10])
        #expect(try await client.get(Array("none".utf8)) == nil)
        try await client.put(Self.key, value: [0])
        #expect(try await client.delete(Self.key))
        await client.close()
        #expect(server.requests[2] == "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$1\r\n\0\r\n")
    }

    @Test func followsMoved() async throws {
        let owner = try FakeServer { _ in "$1\r\nv\r\n" }
        let target = owner.address
        let other = try FakeServer { _ in "-MOVED 12539 \(target)\r\n" }
        defer { owner.close(); other.close() }
        // A config that knows only the wrong node.
        #expect(try await client([other.address]).get(Self.key) == Array("v".utf8))
    }

    @Test func redirectsInACircleEnd() async throws {
        let asked = Mutex(0)
        let itself = Mutex<NodeAddress?>(nil)
        let server = try FakeServer { _ in
            asked.withLock { $0 += 1 }
            return itself.withLock { $0 }.map { "-MOVED 1 \($0)\r\n" }
        }
        defer { server.close() }
        itself.withLock { $0 = server.address }
        let error = await #expect(throws: ClientError.self) { _ = try await client([server.address]).get(Self.key) }
        #expect(error?.code == .redirectLoop)
        #expect(asked.withLock { $0 } == ClientLimits.redirects + 1)
    }

    @Test func aDeadNodeIsPassedOver() async throws {
        let server = try FakeServer { _ in "$1\r\nv\r\n" }
        defer { server.close() }
        // Whichever of the two shards owns the key, the node that lives is asked.
        let dead = try deadAddress()
        #expect(try await client([dead, server.address]).get(Self.key) == Array("v".utf8))
        #expect(try await client([server.address, dead]).get(Self.key) == Array("v".utf8))
    }

    @Test func aRedirectToADeadNodeIsUnreachable() async throws {
        let dead = try deadAddress()
        let server = try FakeServer { _ in "-MOVED 1 \(dead)\r\n" }
        defer { server.close() }
        let error = await #expect(throws: ClientError.self) { _ = try await client([server.address]).get(Self.key) }
        #expect(error?.code == .unreachable)
        let alone = await #expect(throws: ClientError.self) { _ = try await client([dead]).get(Self.key) }
        #expect(alone?.code == .unreachable)
    }

    @Test func aClosedConnectionIsNotTriedAgain() async throws {
        let server = try FakeServer { _ in nil }
        defer { server.close() }
        let error = await #expect(throws: ClientError.self) {
            try await client([server.address]).put(Self.key, value: [])
        }
        #expect(error?.code == .closed)
        #expect(server.requests.count == 1)
    }

    @Test func scanWalksAllPagesAndShards() async throws {
        let first = try FakeServer {
            $0.contains("$1\r\n0\r\n") ? "*2\r\n$1\r\n7\r\n*1\r\n$1\r\na\r\n" : "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nb\r\n"
        }
        let second = try FakeServer { _ in "*2\r\n$1\r\n0\r\n*1\r\n$1\r\nc\r\n" }
        defer { first.close(); second.close() }
        let client = try client([first.address, second.address])
        var keys: [String] = []
        try await client.scan { key in
            keys.append(String(decoding: key, as: UTF8.self))
            return true
        }
        #expect(keys == ["a", "b", "c"])
        keys = []
        try await client.scan { _ in
            keys.append("x")
            return keys.count < 2
        }
        #expect(keys.count == 2)
    }

    /// What speaks something else may never send what would be the end of a head: it is told by its first bytes.
    @Test(arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "h", "\u{1b}[31m"])
    func whatSpeaksNoHTTPIsToldAtOnce(greeting: String) async throws {
        let server = try FakeServer { _ in greeting }
        defer { server.close() }
        await #expect {
            try await HTTPFetch.request(method: "GET", address: server.address, path: "/status")
        } throws: {
            ($0 as? ClientError)?.code == .badReply && "\($0)".contains("\(server.address): the answer is not HTTP/1.1")
        }
    }

    @Test func fetchesHTTP() async throws {
        let server = try FakeServer { request in
            request.hasPrefix("POST /admin/stop ")
                ? "HTTP/1.1 409 Conflict\r\nContent-Length: 2\r\nX-Two: b \r\n\r\nno"
                : "HTTP/1.1 204 No Content\r\n\r\n"
        }
        defer { server.close() }
        let conflict = try await HTTPFetch.request(method: "POST", address: server.address, path: "/admin/stop")
        #expect(conflict.status == 409)
        #expect(conflict.body == Array("no".utf8))
        #expect(conflict.headers["x-two"] == "b")
        #expect(try await HTTPFetch.request(method: "GET", address: server.address, path: "/").status == 204)
        #expect(server.requests[0].contains("\r\nHost: \(server.address)\r\n"))
    }
}
