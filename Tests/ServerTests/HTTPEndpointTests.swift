import NIOCore
import Server
import Testing

@Suite struct HTTPEndpointTests {
    private static func route(_ line: String, _ headers: String = "", body: String? = nil) throws -> HTTPEndpoint {
        let length = body.map { "Content-Length: \($0.utf8.count)\r\n" } ?? ""
        let feed = HTTPFeed.all("\(line) HTTP/1.1\r\nHost: h\r\n\(headers)\(length)\r\n\(body ?? "")")
        return try HTTPEndpoint.route(try #require(feed.requests.first, "\(String(describing: feed.error))"))
    }

    private static func bytes(_ text: String) -> [UInt8] { [UInt8](text.utf8) }

    static let form = "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"

    @Test(
        arguments: [
            ("GET /put?key=a+b&value=c%2Bd", .put(key: bytes("a b"), value: bytes("c+d"), acks: nil)),
            ("GET /put?value=&key=a=b&other=1&", .put(key: bytes("a=b"), value: [], acks: nil)),
            ("POST /put?key=k&value=v", .put(key: bytes("k"), value: bytes("v"), acks: nil)),
            ("GET /get?key=%00%ff", .get(key: [0, 255], consistencyAny: false, maxLagMilliseconds: nil)),
            (
                "GET /get?key=k&consistency=any&max_lag_ms=20",
                .get(key: bytes("k"), consistencyAny: true, maxLagMilliseconds: 20)
            ),
            ("HEAD /get?key=k", .get(key: bytes("k"), consistencyAny: false, maxLagMilliseconds: nil)),
            ("GET /delete?key=k", .delete(key: bytes("k"), acks: nil)),
            ("GET /put?key=k&value=v&acks=1000", .put(key: bytes("k"), value: bytes("v"), acks: 1000)),
            ("GET /delete?key=k&acks=2", .delete(key: bytes("k"), acks: 2)),
            ("DELETE /kv/k?acks=2", .kvDelete(key: bytes("k"), ifMatch: nil, acks: 2)),
            ("POST /clean", .clean),
            ("GET /get-next-replication-key", .nextReplicationKey),
            (
                "GET /delete-next-replication-key?key=k&value=v",
                .deleteNextReplicationKey(key: bytes("k"), value: bytes("v"))
            ),
            ("GET /delete-next-replication-key?key=k", .deleteNextReplicationKey(key: bytes("k"), value: nil)),
            ("GET /kv/a/b+c%2F%20", .kvGet(key: bytes("a/b+c/ "), head: false)),
            ("HEAD /kv/k", .kvGet(key: bytes("k"), head: true)),
            ("DELETE /kv/k", .kvDelete(key: bytes("k"), ifMatch: nil, acks: nil)),
            ("GET /kv", .kvList(prefix: [], limit: 100, cursor: nil)),
            (
                "GET /kv?prefix=p%3a&limit=1000&cursor=a2V5",
                .kvList(prefix: bytes("p:"), limit: 1000, cursor: bytes("key"))
            ),
            ("GET /status", .status), ("GET /healthz", .health), ("GET /readyz", .ready),
            ("GET /metrics?x=y", .metrics), ("GET /slowlog", .slowLog), ("HEAD /slowlog", .slowLog),
            ("POST /admin/start", .adminStart), ("POST /admin/stop", .adminStop),
        ] as [(String, HTTPEndpoint)]
    ) func routed(_ line: String, _ wanted: HTTPEndpoint) throws {
        #expect(try Self.route(line) == wanted)
    }

    @Test(arguments: [
        ("GET /", 404, "not_found"), ("GET /kvx", 404, "not_found"), ("GET /GET", 404, "not_found"),
        ("OPTIONS *", 404, "not_found"),
        ("DELETE /put?key=k", 405, "method_not_allowed"), ("HEAD /put?key=k&value=v", 405, "method_not_allowed"),
        ("GET /admin/stop", 405, "method_not_allowed"), ("POST /status", 405, "method_not_allowed"),
        ("PATCH /kv/k", 405, "method_not_allowed"),
        ("GET /put?value=v", 400, "key_missing"), ("GET /put?key=k", 400, "value_missing"),
        ("GET /get?key=", 400, "key_empty"), ("GET /get?key", 400, "key_empty"), ("GET /kv/", 400, "key_empty"),
        ("GET /get?key=a&key=a", 400, "duplicate_parameter"),
        ("GET /get?key=%4", 400, "bad_percent_encoding"), ("GET /kv/%zz", 400, "bad_percent_encoding"),
        ("GET /get?key=k&consistency=all", 400, "bad_consistency"),
        ("GET /get?key=k&max_lag_ms=-1", 400, "bad_max_lag"),
        ("GET /put?key=k&value=v&acks=0", 400, "bad_acks"), ("GET /delete?key=k&acks=two", 400, "bad_acks"),
        ("DELETE /kv/k?acks=-1", 400, "bad_acks"), ("DELETE /kv/k?acks=", 400, "bad_acks"),
        ("GET /put?key=k&value=v&acks=1001", 400, "bad_acks"),
        ("GET /put?key=k&value=v&acks=1&acks=1", 400, "duplicate_parameter"),
        ("GET /kv?limit=0", 400, "bad_limit"), ("GET /kv?limit=1001", 400, "bad_limit"),
        ("GET /kv?limit=", 400, "bad_limit"), ("GET /kv?cursor=%21", 400, "bad_cursor"),
        ("PUT /kv/k", 411, "length_required"),
        ("PUT /kv/k?ttl=0", 400, "bad_ttl"), ("PUT /kv/k?ttl=1.5", 400, "bad_ttl"),
        ("PUT /kv/k?ttl=99999999999999999999", 400, "bad_ttl"), ("PUT /kv/k?ttl=10000000001", 400, "bad_ttl"),
    ]) func refused(_ line: String, _ status: Int, _ code: String) throws {
        let error = #expect(throws: HTTPError.self) { try Self.route(line) }
        #expect(error?.status == status)
        #expect(error?.code == code)
        #expect((error?.allow != nil) == (status == 405))
    }

    @Test func keyLength() throws {
        let longest = String(repeating: "%e4", count: 4096)
        #expect(
            try Self.route("GET /get?key=\(longest)")
                == .get(key: [UInt8](repeating: 0xE4, count: 4096), consistencyAny: false, maxLagMilliseconds: nil)
        )
        for line in ["GET /get?key=\(longest)a", "DELETE /kv/\(longest)a"] {
            #expect(throws: HTTPError(400, "key_too_long", "the key has 4097 bytes; at most 4096 are allowed")) {
                try Self.route(line)
            }
        }
    }

    @Test func forms() throws {
        let wanted = HTTPEndpoint.put(key: Self.bytes("k k"), value: Self.bytes("v&"), acks: 2)
        #expect(try Self.route("POST /put", Self.form, body: "key=k+k&value=v%26&acks=2") == wanted)
        #expect(try Self.route("POST /put?key=k+k&acks=2", Self.form, body: "value=v%26") == wanted)
        #expect(try Self.route("POST /delete", Self.form, body: "key=k") == .delete(key: Self.bytes("k"), acks: nil))
        let twice = #expect(throws: HTTPError.self) {
            try Self.route("POST /put?key=k", Self.form, body: "key=k&value=v")
        }
        #expect(twice?.code == "duplicate_parameter")
        let json = #expect(throws: HTTPError.self) { try Self.route("POST /put?key=k&value=v", body: "{}") }
        #expect(json?.status == 415)
    }

    @Test func conditions() throws {
        func put(_ headers: String) throws -> (HTTPCondition?, Bool, Int?) {
            guard
                case .kvPut(_, let match, let none, let ttl, 3?, let body) = try Self.route(
                    "PUT /kv/k?ttl=60&acks=3",
                    headers,
                    body: "value"
                )
            else { throw HTTPError(500, "", "") }
            #expect(String(buffer: body) == "value")
            return (match, none, ttl)
        }
        #expect(try put("") == (nil, false, 60))
        #expect(try put("If-Match: \"12\", W/\"13\", \"x\"\r\n") == (.versions([12]), false, 60))
        #expect(try put("If-Match: *\r\n") == (.exists, false, 60))
        #expect(try put("If-None-Match: *\r\n") == (nil, true, 60))
        #expect(throws: HTTPError.self) { try put("If-Match: 12\r\n") }
        #expect(throws: HTTPError.self) { try put("If-None-Match: \"1\"\r\n") }
        #expect(HTTPCondition.versions([1, 2]).isMet(by: 2))
        #expect(!HTTPCondition.versions([]).isMet(by: 2))
        #expect(!HTTPCondition.exists.isMet(by: nil))
    }
}
