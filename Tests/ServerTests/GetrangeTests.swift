import Server
import Testing

/// GETRANGE, against what Redis 7.0.15 answers.
@Suite struct GetrangeTests {
    @Test func partsOfAValueAreThoseOfRedis() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        let set = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$12\r\nHello, World\r\n"
        #expect(try server.ask(set, connection, expecting: "+OK\r\n") == "+OK\r\n")
        for (range, part) in [
            ("0 3", "Hell"), ("-5 -1", "World"), ("5 2", ""), ("0 -1", "Hello, World"), ("100 200", ""),
            ("-100 3", "Hell"), ("-3 -5", ""), ("3 100", "lo, World"), ("-100 -90", "H"), ("-100 -200", ""),
            ("0 0", "H"), ("-12 -12", "H"), ("-13 -13", "H"), ("12 12", ""), ("11 11", "d"), ("-1 0", ""),
            ("9223372036854775807 9223372036854775807", ""), ("-9223372036854775808 -9223372036854775808", "H"),
        ] {
            let answer = "$\(part.utf8.count)\r\n\(part)\r\n"
            let found = try server.ask("GETRANGE k \(range)\r\n", connection, expecting: answer)
            #expect(found == answer, "\(range)")
        }
        #expect(try server.ask("GETRANGE none 0 1\r\n", connection, expecting: "$0\r\n\r\n") == "$0\r\n\r\n")
        let wrong = "-ERR value is not an integer or out of range\r\n"
        for range in ["x 1", "1 x", "9223372036854775808 0"] {
            let found = try server.ask("GETRANGE k \(range)\r\n", connection, expecting: wrong)
            #expect(found == wrong, "\(range)")
        }
        let count = "-ERR wrong number of arguments for 'getrange' command\r\n"
        #expect(try server.ask("GETRANGE k 1\r\n", connection, expecting: count) == count)
        try await server.stop()
    }
}
