import Glibc
import Server
import Storage
import TestSupport
import Testing

/// What a connection does with too much, too large and too slow.
@Suite(.serialized) struct ConnectionLimitTests {
    private static let oversize = 17 << 20

    /// Clients beyond the room there is are told so; who asks for the node's health is answered, and other nodes are.
    @Test func healthIsToldWhereNoClientHasRoom() async throws {
        let room = ConnectionRoom(clientsMax: 3, limitedMax: 2)
        let server = try await ServerFixture(loops: 1, room: room)
        var clients = try (0..<3).map { _ in try server.connect() }
        for client in clients { #expect(try server.ask("PING\r\n", client, expecting: "+PONG\r\n") == "+PONG\r\n") }
        let refusal = "-ERR max number of clients reached\r\n"
        func ask(_ text: String) async throws -> String {
            // Those before it have left.
            #expect(try await eventually { room.count <= clients.count })
            let connection = try server.connect()
            connection.send(text)
            return try connection.receiveAllText()
        }
        for _ in 0..<5 {
            #expect(try await ask("PING\r\n") == refusal)
            for path in ["/healthz", "/readyz", "/metrics", "/status"] {
                let answer = try await ask(server.http("GET \(path)"))
                #expect(answer.hasPrefix("HTTP/1.1 200 "), "\(path): \(answer)")
            }
            let answer = try await ask(server.http("GET /get?key=k"))
            #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("too_many_connections"), "\(answer)")
            // Another node's request is understood as one; this one is wrong.
            let request = String(decoding: RawConnection.command("SHOAL.REPLICATE", "nonsense"), as: UTF8.self)
            let hello = try await ask(request + "QUIT\r\n")
            #expect(hello.hasPrefix("-ERR ") && hello != refusal, "\(hello)")
        }
        // Whoever says nothing keeps no place for long, and beyond those places nobody is let in at all.
        #expect(try await eventually { room.count == clients.count })
        let silent = try (0..<2).map { _ in try server.connect() }
        let late = try server.connect()
        #expect(try late.receiveAllText() == refusal)
        for connection in silent { #expect(try connection.receiveAll() == []) }
        #expect(try await ask(server.http("GET /healthz")).hasPrefix("HTTP/1.1 200 "))
        for client in clients { #expect(try server.ask("PING\r\n", client, expecting: "+PONG\r\n") == "+PONG\r\n") }
        clients[0].send("QUIT\r\n")
        _ = try clients[0].receiveAll()
        clients.removeFirst()
        #expect(try await eventually { room.count == clients.count })
        #expect(try await ask("PING\r\nQUIT\r\n") == "+PONG\r\n+OK\r\n")
        try await server.stop()
    }

    @Test func closingDoesNotCutALargeReply() async throws {
        let server = try await ServerFixture()
        let value = [UInt8](repeating: 7, count: 16 << 20)
        let writer = try server.connect()
        writer.send(RawConnection.command([Array("SET".utf8), Array("k".utf8), value]))
        #expect(try writer.receiveText(5) == "+OK\r\n")

        let connection = try server.connect(receiveBuffer: 1 << 16)
        connection.send(server.http("GET /get?key=k", "Connection: close\r\n"))
        let answer = try connection.receiveAll()
        #expect(answer.count > value.count && answer.suffix(value.count).elementsEqual(value))

        let resp = try server.connect(receiveBuffer: 1 << 16)
        resp.send("GET k\r\nQUIT\r\n")
        let isWhole = try resp.receiveAll() == Array("$\(value.count)\r\n".utf8) + value + Array("\r\n+OK\r\n".utf8)
        #expect(isWhole)
        try await server.stop()
    }

    @Test func aSlowReaderIsNotReadFrom() async throws {
        let server = try await ServerFixture()
        let value = String(repeating: "v", count: 1 << 20)
        let connection = try server.connect(receiveBuffer: 1 << 16)
        connection.send(RawConnection.command("SET", "k", value))
        #expect(try connection.receiveText(5) == "+OK\r\n")
        // Replies of 100 MiB, and then commands until nobody takes them any more.
        let reads = 100
        connection.send(String(repeating: "GET k\r\n", count: reads))
        let pings = Array(String(repeating: "PING\r\n", count: 10_000).utf8)
        var sent = 0
        var refusals = 0
        while refusals < 20, sent < 64 << 20 {
            let count = connection.sendWithoutWaiting(Array(pings[(sent % pings.count)...]))
            refusals = count == 0 ? refusals + 1 : 0
            sent += count
            // Not to wait for something, but to be sure that nothing happens any more.
            if count == 0 { usleep(20_000) }
        }
        #expect(refusals == 20, "the server still reads after \(sent) bytes")
        let expected = Array("$\(value.utf8.count)\r\n\(value)\r\n".utf8)
        for _ in 0..<reads {
            let reply = try connection.receive(expected.count)
            guard reply == expected else { throw RawConnection.Failure("another reply than the value") }
        }
        for _ in 0..<sent / 6 {
            guard try connection.receiveText(7) == "+PONG\r\n" else { throw RawConnection.Failure("no PONG") }
        }
        try await server.stop()
    }

    @Test func anOversizeValueIsRefusedInWordsOverRESP() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        let value = [UInt8](repeating: 120, count: Self.oversize)
        connection.send(RawConnection.command([Array("SET".utf8), Array("k".utf8), value]))
        let refusal = "-ERR value is 17825792 bytes long, at most 16777216 are allowed\r\n"
        #expect(try connection.receiveText(refusal.utf8.count) == refusal)
        #expect(try server.ask("GET k\r\n", connection, expecting: "$-1\r\n") == "$-1\r\n")

        // Beyond what is read at all, the answer must arrive although the client is still sending.
        let other = try server.connect()
        other.send("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$\(33 << 20)\r\n")
        other.send([UInt8](repeating: 120, count: 33 << 20))
        #expect(try other.receiveAllText() == "-ERR Protocol error: invalid bulk length\r\n")
        try await server.stop()
    }

    @Test func anOversizeBodyIsRefusedInWordsOverHTTP() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        connection.send(server.http("PUT /kv/k", "Content-Length: \(Self.oversize)\r\n"))
        connection.send([UInt8](repeating: 120, count: Self.oversize))
        connection.endSending()
        let answer = try connection.receiveAllText()
        #expect(answer.hasPrefix("HTTP/1.1 413 ") && answer.contains("value_too_large"))
        #expect(answer.contains("Connection: close\r\n"))

        let careful = try server.connect()
        careful.send(server.http("PUT /kv/k", "Expect: 100-continue\r\nContent-Length: \(Self.oversize)\r\n"))
        #expect(try careful.receiveAllText().hasPrefix("HTTP/1.1 413 "))
        try await server.stop()
    }

    @Test func aBodyIsAskedForWhenTheClientWaits() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        let go = "HTTP/1.1 100 Continue\r\n\r\n"
        let head = server.http("PUT /kv/k", "Expect: 100-continue\r\nContent-Length: 5\r\n")
        #expect(try server.ask(head, connection, expecting: go) == go)
        let done = "HTTP/1.1 204 No Content\r\nETag: \"2\"\r\n\r\n"
        #expect(try server.ask("value", connection, expecting: done) == done)
        let end = try server.ask(
            server.http("GET /kv/k", "Connection: close\r\n"),
            connection,
            expecting: "HTTP/1.1 200"
        )
        #expect(end == "HTTP/1.1 200")
        let rest = try connection.receiveAllText()
        #expect(rest.hasSuffix("\r\n\r\nvalue"))
        try await server.stop()
    }

    @Test func aReplyOfManyLargeValuesIsRefusedBeforeItFillsMemory() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        let value = [UInt8](repeating: 120, count: 16 << 20)
        connection.send(RawConnection.command([Array("SET".utf8), Array("k".utf8), value]))
        #expect(try connection.receiveText(5) == "+OK\r\n")
        connection.send(RawConnection.command([Array("MGET".utf8)] + Array(repeating: Array("k".utf8), count: 9)))
        let refusal = "-ERR the reply would be longer than 134217728 bytes: ask for fewer keys\r\n"
        #expect(try connection.receiveText(refusal.utf8.count) == refusal)
        #expect(try server.ask("PING\r\n", connection, expecting: "+PONG\r\n") == "+PONG\r\n")
        try await server.stop()
    }
}
