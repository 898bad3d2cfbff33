import Model
import Server
import Storage
import TestSupport
import Testing

/// Reads where the leader is not; how old a replica's data is is the test's word.
@Suite(.serialized) struct ReplicaReadTests {
    /// In slot 12182, the other shard's where there is one.
    private static let foreign = "foo"
    /// In slot 3300.
    private static let own = "b"
    private static let leader = "127.0.0.1:9"

    /// A replica that has `own`, and is of one of two shards.
    private func replica(otherShard: NodeAddress? = nil) async throws -> ServerFixture {
        let server = try await ServerFixture(role: .replica, otherShard: otherShard, loops: 1)
        try server.store.becomeLeader()
        let port = server.store.makePort()
        let key = Array(Self.own.utf8)
        key.withUnsafeBytes { key in
            server.store.lock.withLock {
                _ = server.store.put(slot: 3300, key: key, value: key, expiry: 0, port: port)
            }
        }
        server.store.commit()
        server.store.removePort(port)
        return server
    }

    private func get(_ server: ServerFixture, _ query: String, method: String = "GET") throws -> String {
        let connection = try server.connect()
        connection.send(server.http("\(method) /get?key=\(query)", "Connection: close\r\n"))
        return try connection.receiveAllText()
    }

    private func location(_ text: String) -> String? {
        text.firstMatch(of: /Location: http:\/\/([^\/]*)\/get\?(.*)\r\n/).map { "\($0.1) \($0.2)" }
    }

    @Test func aReplicaTellsHowOldItsAnswerCanBe() async throws {
        let server = try await replica()
        server.control.setStaleness(50)
        for query in ["b", "b&consistency=any", "b&max_lag_ms=50", "b&consistency=any&max_lag_ms=50"] {
            let text = try get(server, query)
            #expect(text.hasPrefix("HTTP/1.1 200 ") && text.hasSuffix("\r\n\r\nb"), "\(query): \(text)")
            #expect(text.contains("Shoal-Role: replica\r\nShoal-Lag-Milliseconds: 50\r\n"), "\(query): \(text)")
        }
        let head = try get(server, "b&max_lag_ms=60", method: "HEAD")
        #expect(head.contains("Shoal-Lag-Milliseconds: 50\r\n") && head.hasSuffix("\r\n\r\n"), "\(head)")
        let absent = try get(server, "nothing&max_lag_ms=60")
        #expect(absent.hasPrefix("HTTP/1.1 404 ") && absent.contains("Shoal-Lag-Milliseconds: 50\r\n"), "\(absent)")
        try await server.stop()
    }

    @Test func whatIsTooOldOrOfUnknownAgeIsNotAnswered() async throws {
        let server = try await replica()
        server.control.setStaleness(51)
        for query in ["key=b&max_lag_ms=50", "key=b&max_lag_ms=0", "key=b&consistency=any&max_lag_ms=50"] {
            #expect(location(try get(server, String(query.dropFirst(4)))) == "\(Self.leader) \(query)")
        }
        server.control.setStaleness(nil)
        for query in ["key=b", "key=b&max_lag_ms=2147483647", "key=b&consistency=any"] {
            #expect(location(try get(server, String(query.dropFirst(4)))) == "\(Self.leader) \(query)")
        }
        // Without a leader there is nobody who could answer.
        server.leaders = [nil]
        try server.serve(role: .replica)
        let refused = try get(server, "b&max_lag_ms=50")
        #expect(refused.hasPrefix("HTTP/1.1 503 ") && refused.contains("\"no_leader\""), "\(refused)")
        #expect(refused.contains("Retry-After: 1\r\n"))
        try await server.stop()
    }

    /// Whatever loops believe the node's state to be: half of a copy is no state the leader ever had.
    @Test func aReplicaThatTakesACopyAnswersNothing() async throws {
        let server = try await replica()
        server.control.setStaleness(0)
        try server.store.beginInstall()
        #expect(location(try get(server, "b")) == "\(Self.leader) key=b")
        let connection = try server.connect()
        let loading = "+OK\r\n-LOADING this replica is taking a full copy from its leader\r\n"
        #expect(try server.ask("READONLY\r\nGET b\r\n", connection, expecting: loading) == loading)
        try await server.stop()
    }

    /// The map that the loops know is of another moment than the log.
    @Test func aReplicaDoesNotAnswerForWhatItsLogDoesNotOwn() async throws {
        let server = try await replica()
        server.control.setStaleness(0)
        let port = server.store.makePort()
        func change(own: ClosedRange<UInt16>?, disown: ClosedRange<UInt16>?) throws {
            var (gained, lost) = (SlotSet(), SlotSet())
            if let own { gained.insert(own) }
            if let disown { lost.insert(disown) }
            _ = try server.store.changeOwnership(own: gained, disown: lost, mapVersion: 1, term: 1, port: port)
        }
        let connection = try server.connect()
        let (found, moved) = ("$1\r\nb\r\n", "-MOVED 3300 127.0.0.1:9\r\n")
        #expect(try server.ask("READONLY\r\nGET b\r\n", connection, expecting: "+OK\r\n\(found)") == "+OK\r\n\(found)")
        try change(own: 0...3299, disown: nil)
        #expect(try server.ask("GET b\r\n", connection, expecting: moved) == moved)
        #expect(try server.ask("MGET b\r\n", connection, expecting: moved) == moved)
        #expect(location(try get(server, "b")) == "\(Self.leader) key=b")
        #expect(location(try get(server, "b&consistency=any")) == "\(Self.leader) key=b&consistency=any")
        for (command, answer) in [
            ("DBSIZE", ":0\r\n"), ("KEYS *", "*0\r\n"), ("SCAN 0", "*2\r\n$1\r\n0\r\n*0\r\n"),
            ("CLUSTER COUNTKEYSINSLOT 3300", ":0\r\n"),
        ] {
            #expect(try server.ask("\(command)\r\n", connection, expecting: answer) == answer, "\(command)")
        }
        try change(own: 3300...3300, disown: nil)
        #expect(try server.ask("GET b\r\n", connection, expecting: found) == found)
        #expect(try get(server, "b").hasSuffix("\r\n\r\nb"))
        for (command, answer) in [
            ("DBSIZE", ":1\r\n"), ("KEYS *", "*1\r\n$1\r\nb\r\n"), ("CLUSTER COUNTKEYSINSLOT 3300", ":1\r\n"),
        ] {
            #expect(try server.ask("\(command)\r\n", connection, expecting: answer) == answer, "\(command)")
        }
        server.store.removePort(port)
        try await server.stop()
    }

    @Test func readonlyIsAsInRedisCluster() async throws {
        let other = NodeAddress(host: "127.0.0.1", port: 7001)
        let server = try await replica(otherShard: other)
        server.control.setStaleness(1_000_000)
        let connection = try server.connect()
        func expect(_ command: String, _ answer: String) throws {
            #expect(try server.ask("\(command)\r\n", connection, expecting: answer) == answer, "\(command)")
        }
        let (moved, away) = ("-MOVED 3300 127.0.0.1:9\r\n", "-MOVED 12182 127.0.0.1:7001\r\n")
        for command in ["GET b", "SET b 1", "MGET b", "EXISTS b", "TTL b"] { try expect(command, moved) }
        try expect("READONLY", "+OK\r\n")
        for (command, answer) in [
            ("GET b", "$1\r\nb\r\n"), ("MGET b {b}2", "*2\r\n$1\r\nb\r\n$-1\r\n"), ("EXISTS b", ":1\r\n"),
            ("TTL b", ":-1\r\n"), ("SET b 1", moved), ("DEL b", moved), ("GET foo", away), ("SET foo 1", away),
        ] { try expect(command, answer) }
        try expect("READWRITE", "+OK\r\n")
        try expect("GET b", moved)
        // In one go, too: the setting is that of the moment a command is read.
        let all = "+OK\r\n$1\r\nb\r\n+OK\r\n\(moved)"
        #expect(try server.ask("READONLY\r\nGET b\r\nREADWRITE\r\nGET b\r\n", connection, expecting: all) == all)
        try await server.stop()
    }

    @Test func anyReplicaIsTheNextFreshOne() async throws {
        let hosts = (1...4).map { NodeAddress(host: "127.0.0.1", port: UInt16(7000 + $0)) }
        let server = try await ServerFixture(otherShard: hosts[0])
        func targets(_ query: String) throws -> [String] {
            try (0..<4).compactMap { _ in location(try get(server, query)) }
        }
        let (any, bounded) = ("foo&consistency=any", "foo&consistency=any&max_lag_ms=20")
        // Nothing is known of the other shard but its leader.
        #expect(try targets(any) == Array(repeating: "\(hosts[0]) key=\(any)", count: 4))
        server.nodes = [nil, ShardNodes(leader: hosts[0], fresh: [hosts[1], hosts[2]], lagging: [hosts[3]])]
        try server.serve()
        for query in [any, bounded] {
            let wanted = [hosts[1], hosts[2], hosts[1], hosts[2]].map { "\($0) key=\(query)" }
            #expect(try targets(query) == wanted)
        }
        #expect(try targets("foo") == Array(repeating: "\(hosts[0]) key=foo", count: 4))
        #expect(try targets("foo&max_lag_ms=20") == Array(repeating: "\(hosts[0]) key=foo&max_lag_ms=20", count: 4))
        // A replica that is the leader by now, as far as another message told.
        server.leaders = [server.address, hosts[1]]
        try server.serve()
        #expect(try targets(any) == Array(repeating: "\(hosts[2]) key=\(any)", count: 4))
        server.nodes = [nil, ShardNodes(leader: nil, fresh: [], lagging: [hosts[3]])]
        try server.serve()
        #expect(try targets(any) == Array(repeating: "\(hosts[1]) key=\(any)", count: 4))
        try await server.stop()
    }

    @Test func aLeaderAnswersWhateverLagIsAllowed() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        #expect(try server.ask("SET b 1\r\n", connection, expecting: "+OK\r\n") == "+OK\r\n")
        for query in ["b", "b&max_lag_ms=0", "b&consistency=any", "b&consistency=any&max_lag_ms=0"] {
            let text = try get(server, query)
            #expect(text.hasPrefix("HTTP/1.1 200 ") && !text.contains("Shoal-"), "\(text)")
        }
        try await server.stop()
    }
}
