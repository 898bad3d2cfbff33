import NIOCore
import Server
import Testing

@Suite struct HTTPResponseTests {
    private func text(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        return String(buffer: buffer)
    }

    @Test func fixed() {
        #expect(
            text { HTTPResponse.writeOK(.keepAlive, into: &$0) }
                == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"
        )
        #expect(
            text { HTTPResponse.writeOK(.close, into: &$0) }
                == "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"
        )
        #expect(
            text { HTTPResponse.writeNoContent(etag: .max, .keepAliveAnnounced, into: &$0) }
                == "HTTP/1.1 204 No Content\r\nETag: \"18446744073709551615\"\r\nConnection: keep-alive\r\n\r\n"
        )
        #expect(
            text { HTTPResponse.writeNotFoundEmpty(replicaLagMilliseconds: 12, .keepAlive, into: &$0) }
                == "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nShoal-Role: replica\r\n"
                + "Shoal-Lag-Milliseconds: 12\r\n\r\n"
        )
        #expect(text { HTTPResponse.writeContinue(into: &$0) } == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test(arguments: [true, false]) func value(_ headOnly: Bool) {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 3\r\nETag: \"10\"\r\n"
            + "Shoal-Role: replica\r\nShoal-Lag-Milliseconds: 0\r\n\r\n"
        let response = text { buffer in
            [UInt8]("abc".utf8).withUnsafeBytes { bytes in
                HTTPResponse.writeValue(
                    bytes,
                    etag: 10,
                    replicaLagMilliseconds: 0,
                    .keepAlive,
                    headOnly: headOnly,
                    into: &buffer
                )
            }
        }
        #expect(response == head + (headOnly ? "" : "abc"))
    }

    @Test func redirectKeepsTheTarget() throws {
        let feed = HTTPFeed.all("GET /get?key=a%20b+c HTTP/1.1\r\nHost: h\r\n\r\n")
        let request = try #require(feed.requests.first)
        #expect(
            text { HTTPResponse.writeRedirect(to: "127.0.0.3:8080", request, into: &$0) }
                == "HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.3:8080/get?key=a%20b+c\r\n"
                + "Content-Length: 0\r\n\r\n"
        )
    }

    @Test func errors() {
        let error = HTTPError(405, "method_not_allowed", "a \"b\"\n", allow: "GET", retryAfterSeconds: 1)
        let body = #"{"error": {"code": "method_not_allowed", "message": "a \"b\"\n"}}"# + "\n"
        let head =
            "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\nAllow: GET\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"
        #expect(text { HTTPResponse.writeError(error, .close, into: &$0) } == head + body)
        #expect(text { HTTPResponse.writeError(error, .close, headOnly: true, into: &$0) } == head)
    }

    @Test func documents() {
        #expect(
            text { HTTPResponse.writeJSON(200, "{}".utf8, .keepAlive, into: &$0) }
                == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
        )
        #expect(
            text { HTTPResponse.writeText(503, "ä", .keepAlive, into: &$0) }
                == "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
                + "Content-Length: 2\r\n\r\nä"
        )
    }
}
