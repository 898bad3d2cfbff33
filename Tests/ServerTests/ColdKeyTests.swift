import Model
import Storage
import TestSupport
import Testing

/// Keys that only the engine has, and what a client notices of them: nothing.
@Suite struct ColdKeyTests {
    private static let keys = 3_000

    /// A server whose memory keeps nothing that the engine has.
    private func filled(_ engine: EngineKind) async throws -> (ServerFixture, RawConnection) {
        let server = try await ServerFixture(engine: engine, hotBytesMax: 0)
        let connection = try server.connect()
        for start in stride(from: 0, to: ColdKeyTests.keys, by: 500) {
            let words = (start..<start + 500).map { "key-\($0) \($0)" }.joined(separator: " ")
            #expect(try ask(connection, "MSET \(words)") == "+OK\r\n")
        }
        server.store.flushApplied()
        return (server, connection)
    }

    private func receive(_ connection: RawConnection, _ replies: Int) throws -> String {
        var text = ""
        for _ in 0..<replies { text += String(decoding: try connection.receiveReply(), as: UTF8.self) }
        return text
    }

    private func ask(_ connection: RawConnection, _ command: String) throws -> String {
        connection.send(RawConnection.command(command.split(separator: " ").map { Array($0.utf8) }))
        return try receive(connection, 1)
    }

    private func expected(_ numbers: some Sequence<Int>) -> String {
        let words = numbers.map { "$\(String($0).utf8.count)\r\n\($0)\r\n" }
        return "*\(words.count)\r\n" + words.joined()
    }

    /// What holds the store's lock, or waits for it, keeps no read waiting: neither of memory nor of the engine.
    @Test(arguments: EngineKind.allCases) func aReadWaitsForNoLock(engine: EngineKind) async throws {
        let (server, connection) = try await filled(engine)
        server.store.lock.lock()
        connection.send("GET key-7\r\nMGET key-1 key-2\r\nEXISTS key-3 nothing\r\nGET nothing\r\n")
        let reply = try receive(connection, 4)
        server.store.lock.unlock()
        #expect(reply == "$1\r\n7\r\n" + expected([1, 2]) + ":1\r\n$-1\r\n")
    }

    /// On the loop, and with an engine that was slow just now on the pool.
    @Test(arguments: EngineKind.allCases, [false, true])
    func commandsOnManyKeysAnswerWhole(engine: EngineKind, isSlow: Bool) async throws {
        let (server, connection) = try await filled(engine)
        if isSlow { server.store.noteEngineRead(microseconds: 10_000_000) }
        #expect(server.store.enginePace.mode == (isSlow ? .pool : .loop))
        let all = 0..<ColdKeyTests.keys
        let names = all.map { "key-\($0)" }.joined(separator: " ")
        #expect(try ask(connection, "MGET \(names)") == expected(all))
        #expect(try ask(connection, "EXISTS \(names) nothing") == ":\(ColdKeyTests.keys)\r\n")
        // What stands behind one of them waits its turn.
        for command in ["DEL \(names) nothing", "EXISTS \(names)", "DBSIZE"] {
            connection.send(RawConnection.command(command.split(separator: " ").map { Array($0.utf8) }))
        }
        #expect(try receive(connection, 3) == ":\(ColdKeyTests.keys)\r\n:0\r\n:0\r\n")
    }

    /// How often a command's keys were fetched counts for that command alone: the 33rd on a connection was refused, and every
    /// one after it.
    @Test func eachCommandMayWaitForTheEngine() async throws {
        let (server, connection) = try await filled(.lmdb)
        for number in 0..<100 {
            server.store.noteEngineRead(microseconds: 10_000_000)
            // Memory knows nothing of a key that was never there.
            #expect(try ask(connection, "GET nothing-\(number)") == "$-1\r\n")
        }
    }

    @Test(arguments: EngineKind.allCases, [false, true])
    func writesThatLookAtTheKeyFirst(engine: EngineKind, isSlow: Bool) async throws {
        let (server, connection) = try await filled(engine)
        func slow() { if isSlow { server.store.noteEngineRead(microseconds: 10_000_000) } }
        let steps: [(String, String)] = [
            ("INCR key-41", ":42\r\n"), ("INCR counter", ":1\r\n"), ("APPEND key-5 x", ":2\r\n"),
            ("GET key-5", "$2\r\n5x\r\n"),
            ("SETNX key-6 other", ":0\r\n"), ("GETSET key-8 new", "$1\r\n8\r\n"), ("GETDEL key-9", "$1\r\n9\r\n"),
            ("EXISTS key-9", ":0\r\n"), ("EXPIRE key-10 100", ":1\r\n"), ("TTL key-10", ":100\r\n"),
            ("PERSIST key-10", ":1\r\n"), ("STRLEN key-1000", ":4\r\n"), ("SET key-11 v XX GET", "$2\r\n11\r\n"),
            ("SET nothing v XX", "$-1\r\n"), ("TYPE key-12", "+string\r\n"),
        ]
        for (command, answer) in steps {
            slow()
            #expect(try ask(connection, command) == answer, "\(command)")
            server.store.flushApplied()
        }
        // Behind a write of the same connection that nobody has committed yet.
        slow()
        connection.send("SET fresh 1\r\nMGET fresh key-20 key-21\r\nINCR key-22\r\nGET key-22\r\n")
        #expect(
            try receive(connection, 4) == "+OK\r\n*3\r\n$1\r\n1\r\n$2\r\n20\r\n$2\r\n21\r\n:23\r\n$2\r\n23\r\n"
        )
    }

    @Test(arguments: [false, true]) func httpRequests(isSlow: Bool) async throws {
        let (server, _) = try await filled(.lmdb)
        func slow() { if isSlow { server.store.noteEngineRead(microseconds: 10_000_000) } }
        func request(_ line: String, _ headers: String = "", _ body: String = "") throws -> String {
            slow()
            let web = try server.connect()
            web.send(server.http(line, "Connection: close\r\nContent-Length: \(body.utf8.count)\r\n\(headers)") + body)
            return try web.receiveAllText()
        }
        #expect(try request("GET /get?key=key-30").hasSuffix("\r\n\r\n30"))
        #expect(try request("GET /kv/key-31").hasSuffix("\r\n\r\n31"))
        #expect(try request("PUT /kv/key-32", "If-Match: \"999999\"\r\n", "x").hasPrefix("HTTP/1.1 412"))
        #expect(try request("PUT /kv/key-33", "If-None-Match: *\r\n", "x").hasPrefix("HTTP/1.1 412"))
        #expect(try request("DELETE /kv/key-34").hasPrefix("HTTP/1.1 204"))
        #expect(try request("DELETE /kv/key-34").hasPrefix("HTTP/1.1 404"))
    }

    /// A client that reads nothing for a while keeps no state of the engine.
    @Test func noViewIsKeptBetweenReads() async throws {
        let (server, connection) = try await filled(.lmdb)
        #expect(try ask(connection, "GET key-1") == "$1\r\n1\r\n")
        #expect(try ask(connection, "SCAN 0 COUNT 10").isEmpty == false)
        #expect(server.store.views.oldestAge == 0)
    }
}
