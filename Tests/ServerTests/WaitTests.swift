import Glibc
import Model
import Server
import Storage
import TestSupport
import Testing

/// WAIT as connections see it; what replicas have is the test's word. Texts are recorded from Redis 7.0.15.
@Suite(.serialized) struct WaitTests {
    @Test func wrongArgumentsAreRefusedAsRedisDoes() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        for (command, answer) in [
            ("WAIT", "ERR wrong number of arguments for 'wait' command"),
            ("WAIT 1", "ERR wrong number of arguments for 'wait' command"),
            ("WAIT a 100", "ERR value is not an integer or out of range"),
            ("WAIT a b", "ERR value is not an integer or out of range"),
            ("WAIT 1.5 10", "ERR value is not an integer or out of range"),
            ("WAIT 01 0", "ERR value is not an integer or out of range"),
            ("WAIT 99999999999999999999 1", "ERR value is not an integer or out of range"),
            ("WAIT 1 a", "ERR timeout is not an integer or out of range"),
            ("WAIT 1 99999999999999999999", "ERR timeout is not an integer or out of range"),
            ("WAIT 1 -1", "ERR timeout is negative"),
        ] {
            #expect(try server.ask("\(command)\r\n", connection, expecting: "-\(answer)\r\n") == "-\(answer)\r\n")
        }
        try server.serve(role: .replica)
        let replica =
            "-ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is "
            + "configured to be writable (which is not the default) writes to replicas are just local and are not "
            + "propagated.\r\n"
        #expect(try server.ask("WAIT 0 0\r\n", connection, expecting: replica) == replica)
        try server.serve(phase: .stopped, hasStore: false)
        let stopped = "-CLUSTERDOWN Shard shard0 is stopped on this node\r\n"
        #expect(try server.ask("WAIT 0 0\r\n", connection, expecting: stopped) == stopped)
        #expect(server.leadership.begun.isEmpty)
        try await server.stop()
    }

    @Test func itIsAboutThisConnectionsWritesAndHoldsUpNobodyElse() async throws {
        let server = try await ServerFixture(loops: 1)
        let connection = try server.connect()
        let other = try server.connect()
        connection.send("WAIT 1 0\r\n")
        #expect(try server.wait(other) { server.leadership.open == 1 })
        #expect(server.leadership.begun.last?.sequence == 0, "it has written nothing")
        server.leadership.answer(2)
        #expect(try connection.receiveText(4) == ":2\r\n")

        #expect(try server.ask("SET a 1\r\nGET a\r\n", connection, expecting: "+OK\r\n$1\r\n1\r\n").hasPrefix("+OK"))
        let mine = server.store.log.end.sequence
        #expect(try server.ask("SET b 1\r\n", other, expecting: "+OK\r\n") == "+OK\r\n")
        // A failed NX and a read write nothing.
        #expect(try server.ask("SETNX b 2\r\nGET b\r\n", connection, expecting: ":0\r\n$1\r\n1\r\n").hasPrefix(":0"))
        connection.send("WAIT 3 0\r\nGET a\r\nINCR n\r\n")
        #expect(try server.wait(other) { server.leadership.open == 1 })
        #expect(server.leadership.begun.last?.sequence == mine)
        #expect(server.leadership.begun.last?.replicas == 3)
        // What comes after it waits, and is not executed either; others go on.
        #expect(try server.ask("GET n\r\nSET c 1\r\n", other, expecting: "$-1\r\n+OK\r\n") == "$-1\r\n+OK\r\n")
        #expect(!connection.hasReceived)
        #expect(try Self.blockedClients(server, other) == "blocked_clients:1")
        server.leadership.answer(3)
        #expect(try connection.receiveText(15) == ":3\r\n$1\r\n1\r\n:1\r\n")
        #expect(try Self.blockedClients(server, other) == "blocked_clients:0")
        try await server.stop()
    }

    private static func blockedClients(_ server: ServerFixture, _ connection: RawConnection) throws -> String? {
        connection.send("INFO clients\r\n")
        let text = String(decoding: try connection.receiveReply(), as: UTF8.self)
        return text.split(separator: "\r\n").map(String.init).first { $0.hasPrefix("blocked_clients") }
    }

    /// The write's place in the log is known when it is committed.
    @Test func itBeginsWhenTheWritesBeforeItAreCommitted() async throws {
        let server = try await ServerFixture(loops: 1)
        let connection = try server.connect()
        let other = try server.connect()
        server.holdCommits()
        connection.send("SET a 1\r\nWAIT 1 0\r\n")
        #expect(try server.wait(other) { server.store.log.end.sequence == 2 })
        #expect(server.leadership.begun.isEmpty && !connection.hasReceived)
        server.releaseCommits()
        #expect(try connection.receiveText(5) == "+OK\r\n")
        #expect(try server.wait(other) { server.leadership.open == 1 })
        #expect(server.leadership.begun.last?.sequence == 2)
        server.leadership.answer(1)
        #expect(try connection.receiveText(4) == ":1\r\n")
        try await server.stop()
    }

    @Test func atTheTimeOutItTellsWhatWasReached() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        server.leadership.setReached(1)
        let answers = ":1\r\n+PONG\r\n"
        #expect(try server.ask("WAIT 2 20\r\nPING\r\n", connection, expecting: answers) == answers)
        // Far more than a time in nanoseconds can hold.
        connection.send("WAIT 2 9223372036854775807\r\n")
        #expect(try server.wait(try server.connect()) { server.leadership.open == 1 })
        server.leadership.answer(2)
        #expect(try connection.receiveText(4) == ":2\r\n")
        try await server.stop()
    }

    @Test func aNodeThatLeadsNoMoreEndsIt() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        connection.send("WAIT 1 0\r\nPING\r\n")
        #expect(try server.wait(try server.connect()) { server.leadership.open == 1 })
        server.leadership.answer(nil)
        let told =
            "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n"
        #expect(try connection.receiveAllText() == told, "and the connection ends, as in Redis")
        try await server.stop()
    }

    /// Nobody waits for ever for a client that is gone; what a client has asked for before it closed its side is answered.
    @Test func itEndsWithItsConnection() async throws {
        let server = try await ServerFixture(loops: 1)
        let witness = try server.connect()
        server.leadership.setReached(1)
        let halfClosed = try server.connect()
        halfClosed.send("SET a 1\r\nWAIT 2 0\r\nGET a\r\n")
        #expect(try server.wait(witness) { server.leadership.open == 1 })
        halfClosed.endSending()
        #expect(try halfClosed.receiveAllText() == "+OK\r\n:1\r\n$1\r\n1\r\n")
        let early = try server.connect()
        early.send("WAIT 2 0\r\n")
        early.endSending()
        #expect(try early.receiveAllText() == ":1\r\n")
        do {
            let gone = try server.connect()
            gone.send("WAIT 2 600000\r\n")
            #expect(try server.wait(witness) { server.leadership.open == 1 })
            gone.resetAtEnd()
        }
        #expect(try server.wait(witness) { server.leadership.open == 0 })
        #expect(try Self.blockedClients(server, witness) == "blocked_clients:0")
        try await server.stop()
    }
}
