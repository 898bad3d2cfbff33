import Server
import TestSupport
import Testing

@Suite(.serialized) struct SubcommandTests {
    @Test func helpNamesWhatThereIs() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        for (command, subcommands) in [
            ("CLIENT", ["GETNAME", "ID", "INFO", "SETINFO", "SETNAME"]), ("CONFIG", ["GET"]),
            ("SLOWLOG", ["GET", "LEN", "RESET"]),
            ("COMMAND", ["COUNT", "DOCS", "GETKEYS", "INFO", "LIST"]),
            ("CLUSTER", ["COUNTKEYSINSLOT", "INFO", "KEYSLOT", "MYID", "NODES", "SHARDS", "SLOTS"]),
        ] {
            connection.send("\(command) help\r\n")
            let help = String(decoding: try connection.receiveReply(), as: UTF8.self)
            #expect(help.contains("+\(command) <subcommand> [<arg> [value] [opt] ...]. Subcommands are:\r\n"))
            #expect(help.contains("+HELP\r\n"))
            for subcommand in subcommands { #expect(help.contains("+\(subcommand)"), "\(command) \(subcommand)") }
            let unknown = "-ERR unknown subcommand 'nope'. Try \(command) HELP.\r\n"
            #expect(try server.ask("\(command) nope\r\n", connection, expecting: unknown) == unknown)
            let wrong = "-ERR wrong number of arguments for '\(command.lowercased())|help' command\r\n"
            #expect(try server.ask("\(command) HELP x\r\n", connection, expecting: wrong) == wrong)
        }
        let fixed = "-ERR CONFIG SET is not supported: the settings stand in config.yaml\r\n"
        #expect(try server.ask("CONFIG SET save x\r\n", connection, expecting: fixed) == fixed)
        try await server.stop()
    }

    /// The bytes a client sent come back in errors as they were, as from Redis, and never break the protocol.
    @Test func errorsQuoteBytesAsRedisDoes() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        connection.send(RawConnection.command([Array("NO\r\nPE".utf8), [0xFF, 0x00, 0x41], Array("b".utf8)]))
        let start = Array("-ERR unknown command 'NO  PE', with args beginning with: '".utf8)
        #expect(try connection.receiveReply() == start + [0xFF] + Array("' 'b' \r\n".utf8))
        let long = String(repeating: "a", count: 100)
        let cut = String(repeating: "a", count: 128 - 103)
        let text = "-ERR unknown command 'NOPE', with args beginning with: '\(long)' '\(cut)' \r\n"
        #expect(try server.ask("NOPE \(long) \(long) \(long)\r\n", connection, expecting: text) == text)
        try await server.stop()
    }
}
