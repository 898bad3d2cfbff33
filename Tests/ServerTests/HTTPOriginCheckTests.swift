import NIOCore
import Server
import Testing

@Suite struct HTTPOriginCheckTests {
    private let check = OriginCheck(allowed: ["db.example:8080", "127.0.0.2:8080", "10.0.0.1", "::2", "[fe80::1]:8080"])

    private func refusal(_ headers: String) throws -> String? {
        let feed = HTTPFeed.all("GET /put?key=a&value=b HTTP/1.1\r\n\(headers)\r\n")
        return check.refusal(try #require(feed.requests.first))?.code
    }

    @Test(arguments: [
        "127.0.0.2:8080", "DB.example:8080", "10.0.0.1", "10.0.0.1:9", "localhost:1234", "LOCALHOST", "127.0.0.1:8080",
        "[::1]:8080", "[::2]", "[::2]:5", "[fe80::1]:8080",
    ]) func ownHost(_ host: String) throws {
        #expect(try refusal("Host: \(host)\r\n") == nil)
    }

    @Test(arguments: [
        "evil.example", "evil.example:8080", "db.example", "db.example:80", "127.0.0.2", "127.0.0.2:80",
        "127.0.0.2:8080.evil", "localhost.evil", "[fe80::1]", "[::3]:8080", ":8080", "localhost@evil", "",
    ]) func foreignHost(_ host: String) throws {
        #expect(try refusal("Host: \(host)\r\n") == "foreign_host")
    }

    @Test(arguments: [
        ("127.0.0.2:8080", "http://127.0.0.2:8080", true), ("127.0.0.2:8080", "https://DB.example:8080", true),
        ("localhost:8080", "http://localhost:8080", true), ("127.0.0.2:8080", "http://10.0.0.1:3000", true),
        ("localhost:8080", "http://localhost:3000", false), ("127.0.0.2:8080", "http://evil.example", false),
        ("127.0.0.2:8080", "null", false), ("127.0.0.2:8080", "file://127.0.0.2:8080", false),
        ("127.0.0.2:8080", "http://", false), ("127.0.0.2:8080", "", false),
    ]) func origin(_ host: String, _ origin: String, _ isOurs: Bool) throws {
        #expect(try refusal("Host: \(host)\r\nOrigin: \(origin)\r\n") == (isOurs ? nil : "foreign_origin"))
    }

    @Test func pagesThatSendNoOrigin() throws {
        let host = "Host: 127.0.0.2:8080\r\n"
        #expect(try refusal(host + "Sec-Fetch-Site: cross-site\r\n") == "foreign_origin")
        #expect(try refusal(host + "Sec-Fetch-Site: none\r\n") == nil)
        #expect(try refusal(host + "Sec-Fetch-Site: same-origin\r\n") == nil)
    }

    @Test func noHostIsNoBrowser() throws {
        let request = try #require(HTTPFeed.all("GET /status HTTP/1.0\r\n\r\n").requests.first)
        #expect(check.refusal(request) == nil)
    }
}
