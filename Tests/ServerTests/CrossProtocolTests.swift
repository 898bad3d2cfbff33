import Server
import TestSupport
import Testing

/// Lines of other protocols are never executed, nor is what is sent after them.
@Suite(.serialized) struct CrossProtocolTests {
    /// First lines that must not be taken for Redis commands.
    static let foreignLines: [String] =
        http + media + mail + [
            "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443", "PROXY UNKNOWN", "SSH-2.0-OpenSSH_9.2p1 Debian-2",
            "ssh-1.99-x", "CLIENT libcurl 7.88.1", "set pwned 0 0 5", "cas k 0 0 5 77", "append k 0 0 5 noreply",
            "NICK shoal", "CAP LS 302", "CONNECT {\"verbose\":false}", "SUB news 1", "<?xml version='1.0'?>",
            "<stream:stream to='x'>", "{\"jsonrpc\":\"2.0\"}", "<34>1 2003-10-11T22:14:15.003Z host su - - -",
            "[section]", "$5", ":1000", "-ERR no", "(echo)", "\u{0}\u{0}\u{0}\u{8}\u{4}\u{d2}\u{16}/",
            "AMQP\u{0}\u{0}\u{9}\u{1}", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", "\u{10}\u{c}\u{0}\u{4}MQTT", "é",
        ]

    private static let http = [
        "POST / HTTP/1.1 ", "POST / HTTP/1.1\t", "POST / HTTP/1.10", "POST / HTTP/2.0", "POST / HTTP/2",
        "POST / HTTP/0.9",
        "POST /", "POST", "post / http/1.1", "Post / Http/1.1", "GET / HTTP/1.1 ", "GET / HTTP/1.10", "get / http/1.1",
        "GET / HTTP/2", "GET / HTTP/1.1 x", "GET /\u{b}HTTP/1.1 x", "GET  HTTP/1.11", "PUT /kv/x HTTP/3",
        "HEAD / HTTP/1.",
        "DELETE / HTTP/", "OPTIONS * HTTP/1.1 ", "PATCH / HTTP/1.01", "TRACE / HTTP/9.9", "COPY /a HTTP/1.1 ",
        "MOVE /a HTTP/1.1 ", "ACL / HTTP/1.1 ", "UNLINK / HTTP/1.1 ", "LOCK /a HTTP/1.1 ", "SEARCH /a HTTP/1.1 ",
        "PROPFIND / HTTP/1.1 ", "M-SEARCH * HTTP/1.1 ", "VERSION-CONTROL / HTTP/1.1 ", "PURGE /", "QUERY /x HTTP/1.1 ",
        "DEBUG / HTTP/1.1 ", "PRI * HTTP/2.0", "Host: x", "host:x", "Host:", "Content-Length: 20", ":authority: x",
        "GET: x", "HTTP/1.1 200 OK", "HTTP/1.1", "/index.html", "http://x/", " POST / HTTP/1.1 ", "\"POST\" / x",
    ]

    private static let media = [
        "OPTIONS rtsp://x/ RTSP/1.0", "DESCRIBE rtsp://x/ RTSP/1.0", "RTSP/1.0 200 OK", "INVITE sip:bob@x SIP/2.0",
        "REGISTER sip:x SIP/2.0", "SUBSCRIBE sip:x SIP/2.0", "INFO sip:x SIP/2.0", "SIP/2.0 200 OK", "ICY 200 OK",
        "SOURCE /m ICE/1.0", "PUBLISH sip:x sip/2.0",
    ]

    private static let mail = [
        "EHLO x", "HELO x", "lhlo x", "MAIL FROM:<a@b>", "RCPT TO:<a@b>", "DATA", "220 mail.example.org ESMTP",
        "+OK POP3 ready", "USER anonymous", "PASS x", "* OK IMAP4rev1 ready",
    ]

    private static let attack = Array("\r\nSET pwned 1\r\n*3\r\n$3\r\nSET\r\n$5\r\npwned\r\n$1\r\n1\r\n".utf8)

    @Test func thereAreAtLeastSixtyLines() { #expect(Set(Self.foreignLines).count >= 60) }

    @Test func nothingOfOtherProtocolsIsExecuted() async throws {
        let server = try await ServerFixture()
        let witness = try server.connect()
        for line in Self.foreignLines + ["\u{0}\r\nQUIT\n!\u{11}"] {
            // Redis' own answer to what begins with `*`.
            let expected = line.hasPrefix("*") ? "-ERR Protocol error: invalid multibulk length\r\n" : ""
            let bytes = Array(line.utf8) + Self.attack
            let whole = try server.connect()
            whole.send(bytes)
            #expect(try whole.receiveAllText() == expected, "\(line)")
            whole.send(Self.attack)

            let second = try server.connect()
            second.send(Array("PING\r\n".utf8) + bytes)
            #expect(try second.receiveAllText() == "+PONG\r\n" + expected, "after a command: \(line)")

            let split = try server.connect()
            for byte in bytes { split.send([byte]) }
            #expect(try split.receiveAllText() == expected, "byte by byte: \(line)")

            let missing = try server.ask("GET pwned\r\n", witness, expecting: "$-1\r\n")
            #expect(missing == "$-1\r\n", "executed after \(line)")
        }
        try await server.stop()
    }

    /// At the start of a connection these are HTTP; after a Redis command they are another protocol.
    @Test func properHTTPIsNotExecutedBehindARedisCommand() async throws {
        let server = try await ServerFixture()
        for line in ["POST /kv/a HTTP/1.1", "GET /healthz HTTP/1.1", "GET / HTTP/1.0", "PRI * HTTP/2.0"] {
            let connection = try server.connect()
            #expect(try server.ask("PING\r\n", connection, expecting: "+PONG\r\n") == "+PONG\r\n")
            connection.send(Array("\(line)\r\nHost: \(server.address)\r\n".utf8) + Self.attack)
            #expect(try connection.receiveAllText() == "", "\(line)")
        }
        let http = try server.connect()
        http.send(Array(server.http("POST /nothing", "Connection: close\r\nContent-Length: 14\r\n").utf8))
        http.send("SET pwned 1\r\n\n")
        #expect(try http.receiveAllText().hasPrefix("HTTP/1.1 4"))
        let plain = try server.connect()
        #expect(try server.ask("GET pwned\r\n", plain, expecting: "$-1\r\n") == "$-1\r\n")
        try await server.stop()
    }

    /// As arrays, the two names that Redis looks for.
    @Test func anArrayThatBeginsLikeHTTPEndsTheConnection() async throws {
        let server = try await ServerFixture()
        for name in ["POST", "post", "Host:", "host:"] {
            let connection = try server.connect()
            connection.send(RawConnection.command(name, "/") + Self.attack)
            #expect(try connection.receiveAllText() == "", "\(name)")
        }
        let plain = try server.connect()
        let unknown = "-ERR unknown command 'DELETE', with args beginning with: 'k' \r\n"
        plain.send(RawConnection.command("DELETE", "k"))
        #expect(try plain.receiveText(unknown.utf8.count) == unknown)
        #expect(try server.ask("GET pwned\r\n", plain, expecting: "$-1\r\n") == "$-1\r\n")
        try await server.stop()
    }

    @Test(arguments: [
        "", " ", "\r", "PING", "ping", "  PING  ", "\"PING\"", "'ping'", "GET key", "GET /index.html", "GET http://x/",
        "SET a b", "SET a b EX 5", "SET a \"HTTP\"", "set k 0", "SET k 1 PX 5", "APPEND k 1", "INFO", "INFO server",
        "COPY a b", "MOVE a 1", "SUBSCRIBE news", "PUBLISH news HTTP", "ACL WHOAMI", "UNLINK a b c d e",
        "DEBUG OBJECT k",
        "CLIENT SETNAME libcurl", "CLIENT ID", "AUTH x", "HELLO 3", "TYPE k", "OBJECT|ENCODING", "JSON.GET k", "NOPE",
        "FT.SEARCH i q", "RESTORE-ASKING k 0 v", "EVAL_RO x 0", "ECHO xHTTP/1.1", "MSET 1 2 3 4", "SET 1 2 EX 10",
    ])
    func inlineCommandsAreNotForeign(line: String) {
        let isForeign = Array(line.utf8).withUnsafeBytes { CrossProtocolGuard.isForeign(line: $0) }
        #expect(!isForeign)
    }

    @Test(arguments: RESPCommand.all)
    func noCommandIsForeign(command: RESPCommand) {
        for name in [command.name, command.name.uppercased()] {
            #expect(!Array("\(name) key value".utf8).withUnsafeBytes { CrossProtocolGuard.isForeign(line: $0) })
            #expect(Array("\(name) key HTTP/1.1".utf8).withUnsafeBytes { CrossProtocolGuard.isForeign(line: $0) })
        }
    }

    @Test func aMinuteHasOneLogLine() {
        let pace = LogPace(intervalSeconds: 60)
        let start: UInt64 = 5_000_000_000
        #expect(pace.isDue(now: start))
        #expect(!pace.isDue(now: start) && !pace.isDue(now: start + 59_999_999_999))
        #expect(pace.isDue(now: start + 60_000_000_000) && !pace.isDue(now: start + 60_000_000_001))
    }
}
