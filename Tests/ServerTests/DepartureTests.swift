import Dispatch
import Model
import NIOCore
import NIOPosix
import Server
import TestSupport
import Testing

/// Nodes whose shard is not open, that stop, or that have just become leader: no client is left without a word.
@Suite struct DepartureTests {
    @Test func aStoppedShardSendsClientsToWhoeverLeads() async throws {
        let server = try await ServerFixture(role: .replica)
        try server.serve(role: .replica, phase: .stopped, hasStore: false)
        let connection = try server.connect()
        let moved = "-MOVED 7629 127.0.0.1:9\r\n"
        for command in ["GET k", "SET k 1", "DEL k"] {
            #expect(try server.ask("\(command)\r\n", connection, expecting: moved) == moved, "\(command)")
        }
        #expect(try server.ask("READONLY\r\nGET k\r\n", connection, expecting: "+OK\r\n\(moved)") == "+OK\r\n\(moved)")
        for line in ["GET /get?key=k", "GET /kv/k", "PUT /kv/k", "GET /put?key=k&value=1"] {
            let http = try server.connect()
            http.send(server.http(line, "Connection: close\r\nContent-Length: 0\r\n"))
            let answer = try http.receiveAllText()
            #expect(answer.hasPrefix("HTTP/1.1 307 ") && answer.contains("Location: http://127.0.0.1:9/"), "\(line)")
        }
        try await server.stop()
    }

    /// Clients are sent here as soon as leadership was handed over: before the event loops know of it.
    @Test func aNodeThatIsAboutToLeadHoldsCommands() async throws {
        let server = try await ServerFixture(role: .replica)
        let (witness, client) = (try server.connect(), try server.connect())
        server.leadership.setAboutToLead(true)
        client.send("SET k 1\r\n")
        #expect(try !server.wait(witness) { client.hasReceived }, "it is turned away")
        server.leadership.setAboutToLead(false)
        try server.serve(role: .replica)
        #expect(try client.receiveLine() == Array("-MOVED 7629 127.0.0.1:9\r\n".utf8))
        try await server.stop()
    }

    /// Requests that come while a node stops are answered, the last one on an HTTP connection says so, and nobody new
    /// is let in.
    @Test func aNodeThatStopsTakesLeave() async throws {
        let server = try await ServerFixture()
        let (http, resp) = (try server.connect(), try server.connect())
        #expect(try server.ask("PING\r\n", resp, expecting: "+PONG\r\n") == "+PONG\r\n")
        #expect(try !head(of: "GET /healthz", http, server).contains("Connection: close\r\n"))
        await server.server.stopListening()
        #expect(throws: RawConnection.Failure.self) { _ = try server.connect() }
        #expect(try server.ask("PING\r\n", resp, expecting: "+PONG\r\n") == "+PONG\r\n")
        #expect(try head(of: "GET /healthz", http, server).contains("Connection: close\r\n"))
        #expect(try http.receiveAllText() == "")
        try await server.stop()
        #expect(try resp.receiveAllText() == "")
    }

    /// Clients whose connection the system has made, and that the node did not look at yet, are answered, not reset.
    @Test func whoHasConnectedIsAnswered() async throws {
        let server = try await ServerFixture(loops: 1)
        let mayGoOn = DispatchSemaphore(value: 0)
        // The loop accepts nobody while this runs, so that all wait in the system's queue.
        let busy = server.group.next().submit { mayGoOn.wait(timeout: .now() + .seconds(20)) == .success }
        let clients = try (0..<20).map { _ in try server.connect() }
        for client in clients.dropLast() { client.send("PING\r\n") }
        let node = server.server
        let closing = Task { await node.close() }
        // The order to close should wait behind what the loop is at; nothing says when it does.
        let end = ContinuousClock.now + .milliseconds(100)
        while ContinuousClock.now < end { await Task.yield() }
        mayGoOn.signal()
        #expect(try await busy.get())
        let first = try? clients[0].receiveLine()
        // It has connected in time and asks late.
        clients[19].send("PING\r\n")
        let answers = [first] + clients.dropFirst().map { try? $0.receiveLine() }
        #expect(answers.allSatisfy { $0 == Array("+PONG\r\n".utf8) }, "\(answers.count { $0 == nil }) were cut off")
        await closing.value
        try await server.stop()
    }

    /// The head of a response whose body is `ok`.
    private func head(of line: String, _ connection: RawConnection, _ server: ServerFixture) throws -> String {
        connection.send(server.http(line))
        var head = ""
        while !head.hasSuffix("\r\n\r\n") { head += String(decoding: try connection.receiveLine(), as: UTF8.self) }
        #expect(try connection.receiveText(3) == "ok\n")
        return head
    }
}
