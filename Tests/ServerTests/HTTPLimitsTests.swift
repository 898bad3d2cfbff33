import NIOCore
import Server
import Testing

@Suite struct HTTPLimitsTests {
    private let host = "Host: h\r\n"

    private func line(_ length: Int) -> String {
        "GET /" + String(repeating: "a", count: length - "GET / HTTP/1.1".utf8.count) + " HTTP/1.1"
    }

    @Test func requestLine() {
        let max = HTTPLimits.requestLineMax
        #expect(max == 8192 + 3 * 4096)
        #expect(HTTPFeed.all(line(max) + "\r\n" + host + "\r\n").requests.count == 1)
        #expect(HTTPFeed.all(line(max + 1) + "\r\n" + host + "\r\n").error?.status == 414)
        #expect(HTTPFeed.all(String(repeating: "a", count: max)).error == nil)
        #expect(HTTPFeed.all(String(repeating: "a", count: max + 2)).error?.status == 414, "no end in sight")
    }

    @Test func headerCount() {
        func request(_ count: Int) -> String {
            "GET / HTTP/1.1\r\n" + host + String(repeating: "a: b\r\n", count: count - 1) + "\r\n"
        }
        #expect(HTTPFeed.all(request(100)).requests.count == 1)
        #expect(HTTPFeed.all(request(101)).error?.status == 431)
    }

    @Test func headerBytes() {
        func request(_ bytes: Int) -> String {
            "GET / HTTP/1.1\r\n" + host + "a: " + String(repeating: "b", count: bytes)
        }
        #expect(HTTPFeed.all(request(32_000) + "\r\n\r\n").requests.count == 1)
        #expect(HTTPFeed.all(request(33_000) + "\r\n\r\n").error?.status == 431)
        #expect(HTTPFeed.all(request(33_000)).error?.status == 431, "no end in sight")
    }

    @Test func largestBody() {
        let length = HTTPLimits.bodyMax
        var feed = HTTPFeed.all("PUT /kv/k HTTP/1.1\r\n\(host)Content-Length: \(length)\r\n\r\n")
        let piece = [UInt8](repeating: 7, count: 1 << 20)
        for _ in 0..<16 { feed.receive(piece) }
        #expect(feed.requests.first?.body?.readableBytes == length)
        feed = HTTPFeed.all("PUT /kv/k HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<16 {
            feed.receive("100000\r\n".utf8)
            feed.receive(piece)
            feed.receive("\r\n".utf8)
        }
        feed.receive("0\r\n\r\n".utf8)
        #expect(feed.error == nil)
        #expect(feed.requests.first?.body?.readableBytes == length)
    }

    @Test func chunkLinesAndTrailers() {
        let head = "PUT / HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n"
        #expect(HTTPFeed.all(head + "1;" + String(repeating: "x", count: 2000)).error?.status == 400)
        #expect(HTTPFeed.all(head + "0\r\n" + String(repeating: "a: b\r\n", count: 101)).error?.status == 431)
        #expect(HTTPFeed.all(head + "0\r\na: " + String(repeating: "b", count: 9000)).error?.status == 400)
    }

    @Test func emptyLines() {
        let request = "GET / HTTP/1.1\r\n\(host)\r\n"
        #expect(HTTPFeed.all(String(repeating: "\r\n", count: 4) + request).requests.count == 1)
        #expect(HTTPFeed.all(String(repeating: "\r\n", count: 5) + request).error?.status == 400)
    }
}
