import Model
import Server
import Storage
import TestSupport
import Testing

/// `?acks=N`, and MinInSync, at clients; how many members are in sync is the test's word.
@Suite(.serialized) struct AcknowledgementTests {
    private static let replicas = [NodeAddress(host: "127.0.0.1", port: 1), NodeAddress(host: "127.0.0.1", port: 2)]

    /// A leader of three nodes, two of them in sync.
    private func leader() async throws -> ServerFixture {
        let server = try await ServerFixture(loops: 1)
        server.nodes = [ShardNodes(leader: server.address, fresh: [Self.replicas[0]], lagging: [Self.replicas[1]])]
        try server.serve()
        server.store.changeQuorum { $0.members = 2 }
        return server
    }

    private func answer(_ server: ServerFixture, _ line: String, body: String? = nil) throws -> String {
        let connection = try server.connect()
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        connection.send(server.http(line, "Connection: close\r\n\(length)", body: body ?? ""))
        return try connection.receiveAllText()
    }

    @Test func writesThatEnoughMembersHaveAreAnsweredAsEver() async throws {
        let server = try await leader()
        #expect(try answer(server, "GET /put?key=a&value=1&acks=2").hasSuffix("\r\n\r\nOK"))
        let put = try answer(server, "PUT /kv/b?acks=2", body: "2")
        #expect(put.hasPrefix("HTTP/1.1 204 ") && put.contains("ETag: \"3\"\r\n"), "\(put)")
        #expect(try answer(server, "DELETE /kv/b?acks=2").hasPrefix("HTTP/1.1 204 "))
        #expect(try answer(server, "DELETE /kv/b?acks=2").hasPrefix("HTTP/1.1 404 "))
        #expect(try answer(server, "POST /delete?key=a&acks=1").hasPrefix("HTTP/1.1 200 "))
        let connection = try server.connect()
        connection.send(
            server.http("GET /put?key=a&value=2&acks=2") + server.http("GET /get?key=a")
                + server.http("GET /put?key=a&value=3&acks=2") + server.http("GET /get?key=a", "Connection: close\r\n")
        )
        let bodies = try connection.receiveAllText().matches(of: /\r\n\r\n(OK|.)/).map { String($0.1) }
        #expect(bodies == ["OK", "2", "OK", "3"])
        try await server.stop()
    }

    @Test func tooFewMembersRefuseAndNothingIsWritten() async throws {
        let server = try await leader()
        let end = server.store.log.end
        for (line, body) in [
            ("GET /put?key=a&value=1&acks=3", nil), ("POST /delete?key=a&acks=3", nil), ("PUT /kv/a?acks=3", "1"),
            ("DELETE /kv/a?acks=3", nil),
        ] as [(String, String?)] {
            let text = try answer(server, line, body: body)
            #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("\"not_enough_in_sync\""), "\(line): \(text)")
            #expect(text.contains("Retry-After: 1\r\n"), "\(line): \(text)")
            let bad = try answer(server, line.replacing("acks=3", with: "acks=4"), body: body)
            #expect(bad.hasPrefix("HTTP/1.1 400 ") && bad.contains("\"bad_acks\""), "\(line): \(bad)")
        }
        #expect(server.store.log.end == end)
        try await server.stop()
    }

    /// The set shrinks while the write is under way: it is told that it is there, and on how many disks it is not.
    @Test func aWriteThatLosesAMemberOnItsWayIsToldSo() async throws {
        let server = try await leader()
        let witness = try server.connect()
        server.holdCommits()
        let connection = try server.connect()
        connection.send(
            server.http("PUT /kv/a?acks=2", "Content-Length: 1\r\n", body: "1")
                + server.http("GET /kv/a", "Connection: close\r\n")
        )
        #expect(try server.wait(witness) { server.store.log.end.sequence == 2 })
        #expect(!connection.hasReceived)
        server.store.changeQuorum { $0.members = 1 }
        server.releaseCommits()
        let text = try connection.receiveAllText()
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("\"written_on_fewer\""), "\(text)")
        #expect(!text.contains("Retry-After"))
        #expect(text.contains("HTTP/1.1 200 ") && text.hasSuffix("\r\n\r\n1"), "the next request finds it: \(text)")
        try await server.stop()
    }

    /// A member that seems to be lost: what asks for acknowledgements does not get into the log after it.
    @Test func behindABatchThatWaitsLongItIsHeldAndThenRefused() async throws {
        let server = try await leader()
        let witness = try server.connect()
        server.holdCommits()
        let writer = try server.connect()
        writer.send("SET a 1\r\n")
        #expect(try server.wait(witness) { server.store.log.end.sequence == 2 })
        let port = server.store.makePort()
        let isInDoubt = try server.wait(witness) {
            let admission = server.store.lock.withLock { server.store.admit(acknowledgements: 2, port: port) }
            if case .wait = admission { return true }
            return false
        }
        #expect(isInDoubt)
        server.store.removePort(port)
        let connection = try server.connect()
        connection.send(server.http("GET /put?key=b&value=1&acks=2", "Connection: close\r\n"))
        for _ in 0..<20 { #expect(try server.ask("GET b\r\n", witness, expecting: "$-1\r\n") == "$-1\r\n") }
        #expect(!connection.hasReceived)
        server.store.changeQuorum { $0.members = 1 }
        server.releaseCommits()
        let text = try connection.receiveAllText()
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("\"not_enough_in_sync\""), "\(text)")
        #expect(try writer.receiveText(5) == "+OK\r\n")
        #expect(server.store.log.end.sequence == 2)
        try await server.stop()
    }

    @Test func belowMinInSyncWritesAreRefusedAndThoseUnderWayAreNotAcknowledged() async throws {
        let server = try await leader()
        let witness = try server.connect()
        server.store.changeQuorum { $0.membersMin = 2 }
        server.holdCommits()
        let (resp, http) = (try server.connect(), try server.connect())
        resp.send("SET a 1\r\n")
        #expect(try server.wait(witness) { server.store.log.end.sequence == 2 })
        // After the batch in flight, so not in the log.
        http.send(server.http("GET /put?key=b&value=1"))
        let loops = (0..<20).map { _ in try? server.ask("GET b\r\n", witness, expecting: "$-1\r\n") }
        #expect(loops.allSatisfy { $0 == "$-1\r\n" })
        server.store.changeQuorum { $0.members = 1 }
        server.releaseCommits()
        #expect(try resp.receiveAll() == [], "closed: it is there, but on too few disks to say OK")
        let text = try http.receiveAllText()
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("\"not_enough_in_sync\""), "\(text)")
        let refused = "-NOREPLICAS the in-sync set has 1 member, MinInSync is 2\r\n"
        let answers = "\(refused)$1\r\n1\r\n$-1\r\n"
        #expect(try server.ask("SET b 1\r\nGET a\r\nGET b\r\n", witness, expecting: answers) == answers)
        try await server.stop()
    }
}
