import NIOCore
import Server
import Testing

@Suite struct HTTPRequestParserTests {
    static let good = [
        "GET /get?key=a HTTP/1.1\r\nHost: 127.0.0.2:8080\r\nUser-Agent: curl/8\r\nAccept: */*\r\n\r\n",
        "GET /kv/a%2Fb HTTP/1.0\r\n\r\n",
        "PUT /kv/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello",
        "PUT /kv/k HTTP/1.1\r\nhOsT:h\r\nCONTENT-length:\t0 \r\n\r\n",
        "POST /put HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3;x=y\r\nkey\r\n4\r\n=a&v\r\n0\r\nTrailer: x\r\n\r\n",
        "PUT /kv/k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab",
        "\r\nGET http://other:80/status?x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, x\r\nUpgrade: shoal\r\n\r\n",
        "GET /nc HTTP/1.1\nHost: h\n\n",
    ]

    /// Requests, and the status that answers each.
    static let bad: [(Int, String)] = [
        (400, "GET /\r\nHost: h\r\n\r\n"),
        (400, "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"),
        (400, "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"),
        (400, "get / HTTP/1.1\r\nHost: h\r\n\r\n"),
        (400, "GET foo HTTP/1.1\r\nHost: h\r\n\r\n"),
        (400, "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"),
        (400, "GET /a\u{1}b HTTP/1.1\r\nHost: h\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost : h\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: h\r\nNoColon\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n"),
        (400, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        (400, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"),
        (400, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\na"),
        (400, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n"),
        (400, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (400, "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        (400, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        (400, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n"),
        (400, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\nb\r\n"),
        (413, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 16777217\r\n\r\n"),
        (413, "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        (413, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1000001\r\n"),
        (413, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1000000\r\n"),
        (413, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFF\r\n"),
        (417, "GET / HTTP/1.1\r\nHost: h\r\nExpect: tea\r\n\r\n"),
        (501, "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
        (505, "GET / HTTP/2.0\r\nHost: h\r\n\r\n"),
    ]

    @Test(arguments: good) func splitAtEveryByte(_ text: String) throws {
        let bytes = [UInt8](text.utf8)
        let whole = HTTPFeed.all(text)
        #expect(whole.error == nil)
        #expect(whole.requests.count == 1)
        #expect(whole.buffer.readableBytes == 0)
        let wanted = HTTPSummary(try #require(whole.requests.first))
        for cut in 1..<bytes.count {
            var feed = HTTPFeed()
            feed.receive(bytes[..<cut])
            feed.receive(bytes[cut...])
            #expect(feed.error == nil)
            #expect(feed.requests.map(HTTPSummary.init) == [wanted], "cut at \(cut)")
        }
        var single = HTTPFeed()
        for byte in bytes { single.receive(CollectionOfOne(byte)) }
        #expect(single.requests.map(HTTPSummary.init) == [wanted])
        #expect(single.buffer.readableBytes == 0)
    }

    @Test(arguments: bad) func refused(_ status: Int, _ text: String) {
        #expect(HTTPFeed.all(text).error?.status == status, "\(text)")
        var single = HTTPFeed()
        for byte in text.utf8 { single.receive(CollectionOfOne(byte)) }
        #expect(single.error?.status == status, "byte by byte: \(text)")
        #expect(single.requests.isEmpty)
    }

    @Test func fields() throws {
        let request = try #require(HTTPFeed.all(Self.good[6]).requests.first)
        #expect(request.text(request.host) == "other:80")
        #expect(request.text(request.path) == "/status")
        #expect(request.text(request.query) == "x")
        #expect(request.text(request.upgrade) == "shoal")
        #expect(request.wantsUpgrade)
        #expect(request.origin.isAbsent)
        #expect(request.body == nil)
        let put = try #require(HTTPFeed.all(Self.good[3]).requests.first)
        #expect(put.body?.readableBytes == 0)
    }

    @Test func pipelined() {
        let feed = HTTPFeed.all(Self.good.joined())
        #expect(feed.error == nil)
        #expect(feed.requests.map(HTTPSummary.init) == Self.good.map { HTTPSummary(HTTPFeed.all($0).requests[0]) })
    }

    @Test func pipelinedThenError() {
        let feed = HTTPFeed.all(Self.good[0] + "nonsense\r\n\r\n")
        #expect(feed.requests.count == 1)
        #expect(feed.error?.status == 400)
        var after = feed
        after.receive(Self.good[0].utf8)
        #expect(after.requests.count == 1, "a parser that failed stays failed")
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: h\r\n\r\n", HTTPConnection.keepAlive),
        ("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n", .close),
        ("GET / HTTP/1.0\r\n\r\n", .close),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", .keepAliveAnnounced),
    ]) func connection(_ text: String, _ wanted: HTTPConnection) {
        #expect(HTTPFeed.all(text).requests.first?.connection == wanted)
    }

    @Test func continueIsAskedForOnce() {
        let head = "PUT /kv/k HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        var feed = HTTPFeed.all(head)
        #expect(feed.continues == 1)
        feed.receive("ab".utf8)
        feed.receive("c".utf8)
        #expect(feed.continues == 1)
        #expect(feed.requests.count == 1)
        #expect(HTTPFeed.all(head + "abc").continues == 0, "the body is here already")
        #expect(HTTPFeed.all(head.replacing("1.1", with: "1.0")).continues == 0)
        let tooLarge = HTTPFeed.all(head.replacing(": 3", with: ": 99999999"))
        #expect(tooLarge.continues == 0 && tooLarge.error?.status == 413)
    }
}
