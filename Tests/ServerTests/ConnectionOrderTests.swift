import Glibc
import Storage
import TestSupport
import Testing

/// Replies in the order of the commands, whatever waits for what.
@Suite(.serialized) struct ConnectionOrderTests {
    @Test func slowCommandsInTheMiddleKeepTheOrder() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        let commands: [[String]] = [
            ["SET", "a", "1"], ["INCR", "n"], ["DBSIZE"], ["GET", "a"], ["SCAN", "0", "COUNT", "10000"],
            ["SET", "b", "2"],
            ["DBSIZE"], ["GET", "b"], ["CLUSTER", "SLOTS"], ["DEL", "a", "b", "n"], ["DBSIZE"], ["NOPE"], ["PING"],
        ]
        for round in 1...20 {
            connection.send(commands.flatMap { RawConnection.command($0.map { Array($0.utf8) }) })
            var replies: [String] = []
            for _ in commands { replies.append(String(decoding: try connection.receiveReply(), as: UTF8.self)) }
            #expect(
                Array(replies[..<4]) == ["+OK\r\n", ":1\r\n", ":2\r\n", "$1\r\n1\r\n"]
                    && replies[4].contains("$1\r\na\r\n") && replies[4].contains("$1\r\nn\r\n")
                    && Array(replies[5..<8]) == ["+OK\r\n", ":3\r\n", "$1\r\n2\r\n"]
                    && replies[8].hasPrefix("*1\r\n*3\r\n:0\r\n:16383\r\n")
                    && Array(replies[9..<11]) == [":3\r\n", ":0\r\n"] && replies[11].hasPrefix("-ERR unknown command")
                    && replies[12] == "+PONG\r\n",
                "round \(round): \(replies)"
            )
        }
        try await server.stop()
    }

    @Test func nothingBehindAHeldWriteIsSentBeforeItsCommit() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        let other = try server.connect()
        server.holdCommits()
        connection.send("SET k 1\r\nGET k\r\nDBSIZE\r\nGET nothing\r\n")
        // The other connection's answers show that the server has seen the commands, and that nobody reads the write.
        #expect(try server.ask("GET k\r\n", other, expecting: "$-1\r\n") == "$-1\r\n")
        #expect(!connection.hasReceived)
        server.releaseCommits()
        let expected = "+OK\r\n$1\r\n1\r\n:1\r\n$-1\r\n"
        #expect(try connection.receiveText(expected.utf8.count) == expected)
        #expect(try server.ask("GET k\r\n", other, expecting: "$1\r\n1\r\n") == "$1\r\n1\r\n")
        try await server.stop()
    }

    @Test func httpPipelinesInOrder() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        connection.send(
            server.http("PUT /kv/a", "Content-Length: 3\r\n", body: "one") + server.http("GET /get?key=a")
                + server.http("GET /status") + server.http("DELETE /kv/a") + server.http("GET /get?key=a")
                + server.http("GET /healthz", "Connection: close\r\n")
        )
        let text = try connection.receiveAllText()
        let statuses = text.matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.1) }
        #expect(statuses == ["204", "200", "200", "204", "404", "200"])
        #expect(text.contains("Content-Length: 3\r\n\r\none") && text.hasSuffix("Connection: close\r\n\r\nok\n"))
        try await server.stop()
    }

    /// Without the lock on the files released, the shard could never be stopped again.
    @Test func aClientThatLeavesWhileItsCommandWaitsDoesNotKeepTheShardOpen() async throws {
        let server = try await ServerFixture()
        let other = try server.connect()
        server.holdCommits()
        do {
            let connection = try server.connect()
            connection.send("SET k 1\r\nDBSIZE\r\n")
            #expect(try server.ask("GET k\r\n", other, expecting: "$-1\r\n") == "$-1\r\n")
        }
        // The first connection is closed; what it left behind must not count as use of the files.
        #expect(try server.ask("PING\r\n", other, expecting: "+PONG\r\n") == "+PONG\r\n")
        server.releaseCommits()
        try await server.stop()
    }

    @Test func aHalfClosedClientGetsAllItsReplies() async throws {
        let server = try await ServerFixture()
        let value = String(repeating: "v", count: 1 << 20)
        let writer = try server.connect()
        writer.send(RawConnection.command("SET", "k", value))
        #expect(try writer.receiveText(5) == "+OK\r\n")
        let connection = try server.connect(receiveBuffer: 1 << 16)
        let count = 80
        connection.send(String(repeating: "GET k\r\n", count: count) + "SET last 1\r\nDBSIZE\r\nPING\r\n")
        connection.endSending()
        let expected =
            String(repeating: "$\(value.utf8.count)\r\n\(value)\r\n", count: count) + "+OK\r\n:2\r\n+PONG\r\n"
        let isWhole = try connection.receiveAll() == Array(expected.utf8)
        #expect(isWhole)
        try await server.stop()
    }
}
