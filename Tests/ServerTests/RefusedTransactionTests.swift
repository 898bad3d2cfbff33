import Server
import TestSupport
import Testing

/// MULTI is refused, and nothing of the transaction is executed.
@Suite(.serialized) struct RefusedTransactionTests {
    private static let refused =
        "-ERR transactions are not supported yet: nothing is executed until EXEC or DISCARD\r\n"
    private static let skipped = "-ERR transactions are not supported yet: this command was not executed\r\n"
    private static let aborted = "-EXECABORT Transaction discarded because of: transactions are not supported yet\r\n"

    private static func check(_ dialogue: [(request: String, answer: String)], asArrays: Bool) async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        // All at once, as clients send a transaction.
        for (request, _) in dialogue {
            let words = request.split(separator: " ").map { Array($0.utf8) }
            if asArrays { connection.send(RawConnection.command(words)) } else { connection.send(request + "\r\n") }
        }
        for (request, answer) in dialogue {
            let received = String(decoding: try connection.receiveReply(), as: UTF8.self)
            #expect(received == answer, "\(request)")
        }
        try await server.stop()
    }

    @Test(arguments: [true, false])
    func nothingIsExecutedUpToExec(asArrays: Bool) async throws {
        try await Self.check(
            [
                ("SET k before", "+OK\r\n"), ("MULTI", Self.refused), ("SET k inside", Self.skipped),
                ("GET k", Self.skipped), ("NOPE x", Self.skipped), ("WATCH k", Self.skipped),
                ("FLUSHALL", Self.skipped), ("GET", Self.skipped), ("MULTI", "-ERR MULTI calls can not be nested\r\n"),
                ("EXEC now", "-ERR wrong number of arguments for 'exec' command\r\n"), ("DEL k", Self.skipped),
                ("exec", Self.aborted), ("GET k", "$6\r\nbefore\r\n"), ("SET k after", "+OK\r\n"),
                ("EXEC", "-ERR EXEC without MULTI\r\n"), ("DISCARD", "-ERR DISCARD without MULTI\r\n"),
                ("GET k", "$5\r\nafter\r\n"),
            ],
            asArrays: asArrays
        )
    }

    @Test(arguments: [true, false])
    func discardAndResetEndIt(asArrays: Bool) async throws {
        try await Self.check(
            [
                ("multi", Self.refused), ("SET k 1", Self.skipped), ("Discard", "+OK\r\n"), ("GET k", "$-1\r\n"),
                ("MULTI", Self.refused), ("SET k 1", Self.skipped), ("RESET", "+RESET\r\n"), ("GET k", "$-1\r\n"),
                ("MULTI x", "-ERR wrong number of arguments for 'multi' command\r\n"), ("SET k 2", "+OK\r\n"),
                ("WATCH k", "-ERR transactions are not supported yet: WATCH watches nothing\r\n"),
                ("WATCH", "-ERR wrong number of arguments for 'watch' command\r\n"), ("UNWATCH", "+OK\r\n"),
                ("MULTI", Self.refused), ("DBSIZE", Self.skipped), ("QUIT", "+OK\r\n"),
            ],
            asArrays: asArrays
        )
    }

    /// A transaction ends with its connection, and with nothing else than what ends one.
    @Test func itIsAMatterOfItsConnection() async throws {
        let server = try await ServerFixture()
        let first = try server.connect()
        let second = try server.connect()
        #expect(try server.ask("MULTI\r\n", first, expecting: Self.refused) == Self.refused)
        #expect(try server.ask("SET k 1\r\n", second, expecting: "+OK\r\n") == "+OK\r\n")
        #expect(try server.ask("HELLO 3\r\n", first, expecting: Self.skipped) == Self.skipped)
        #expect(try server.ask("DEL k\r\n", first, expecting: Self.skipped) == Self.skipped)
        #expect(try server.ask("GET k\r\n", second, expecting: "$1\r\n1\r\n") == "$1\r\n1\r\n")
        try await server.stop()
    }
}
