import Glibc
import Model
import Storage
import TestSupport
import Testing

/// Which protocol is spoken, what a node that can't serve says, and what INFO counts.
@Suite(.serialized) struct ConnectionAnswersTests {
    @Test func theFirstBytesDecideTheProtocol() async throws {
        let server = try await ServerFixture()
        for (request, answer) in [
            ("PING\r\n", "+PONG\r\n"), ("PING\n", "+PONG\r\n"), ("*1\r\n$4\r\nPING\r\n", "+PONG\r\n"),
            ("GET nothing\r\n", "$-1\r\n"), ("get /healthz HTTP\r\n", "-ERR wrong number of arguments for 'get'"),
            (server.http("GET /healthz"), "HTTP/1.1 200 OK\r\n"), ("GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.1 "),
            ("\r\nPING\r\n", "+PONG\r\n"),
        ] {
            let whole = try server.connect()
            #expect(try server.ask(request, whole, expecting: answer) == answer, "\(request)")
            // Byte by byte, with the server awake for most of them.
            let slow = try server.connect()
            for byte in request.utf8 { slow.send([byte]) }
            #expect(try slow.receiveText(answer.utf8.count) == answer, "\(request)")
        }
        let tls = try server.connect()
        tls.send([0x16, 3, 1, 2, 0])
        #expect(try tls.receiveAll() == [])
        let endless = try server.connect()
        endless.send([UInt8](repeating: 120, count: 70 << 10))
        #expect(try endless.receiveAll() == [])
        try await server.stop()
    }

    @Test func aReplicaThatNeverHadItsLeadersDataRefusesReads() async throws {
        let server = try await ServerFixture(role: .replica, phase: .syncing)
        let connection = try server.connect()
        let loading = "-LOADING this replica is taking a full copy from its leader\r\n"
        #expect(try server.ask("READONLY\r\n", connection, expecting: "+OK\r\n") == "+OK\r\n")
        for command in ["GET k", "MGET k", "EXISTS k", "TTL k", "DBSIZE", "SCAN 0", "KEYS *"] {
            #expect(try server.ask("\(command)\r\n", connection, expecting: loading) == loading, "\(command)")
        }
        for (path, status) in [("/get?key=k", "307"), ("/kv/k", "307"), ("/kv", "307"), ("/readyz", "503")] {
            let http = try server.connect()
            http.send(server.http("GET \(path)", "Connection: close\r\n"))
            #expect(try http.receiveAllText().hasPrefix("HTTP/1.1 \(status) "), "\(path)")
        }
        // It has data now, but has not heard from its leader: nobody can say how old it is.
        try server.store.becomeLeader()
        try server.serve(role: .replica, phase: .running)
        let again = try server.connect()
        let down = "-MASTERDOWN this replica can't know how old its data is: it has no leader\r\n"
        #expect(try server.ask("READONLY\r\nGET k\r\n", again, expecting: "+OK\r\n\(down)") == "+OK\r\n\(down)")
        try await server.stop()
    }

    /// config.yaml's leader that does not lead, and nobody else does: no client must take it for a master that serves.
    @Test func aShardWithoutALeaderShowsNoneThatServes() async throws {
        let server = try await ServerFixture()
        let lines = try server.askForBulk("CLUSTER NODES\r\n")
        #expect(lines.contains(" myself,master - ") && lines.contains(" connected "), "\(lines)")
        for leaders in [[nil], [server.address]] as [[NodeAddress?]] {
            server.leaders = leaders
            try server.serve(role: .replica)
            let lines = try server.askForBulk("CLUSTER NODES\r\n")
            #expect(lines.contains(" myself,master,fail - ") && lines.contains(" disconnected "), "\(lines)")
            #expect(try server.askForBulk("CLUSTER INFO\r\n").contains("cluster_state:fail"))
        }
        try await server.stop()
    }

    @Test func aNodeThatIsDownIsNotReady() async throws {
        let server = try await ServerFixture()
        func ready() throws -> String {
            let http = try server.connect()
            http.send(server.http("GET /readyz", "Connection: close\r\n"))
            return try http.receiveAllText()
        }
        server.control.setTroubles([Health.Reason(.diskLow, .degraded, "a", "little room", action: "make room")])
        #expect(try ready().hasPrefix("HTTP/1.1 200 "))
        server.control.setTroubles([Health.Reason(.minInSync, .down, "s", "s refuses writes", action: "-")])
        let answer = try ready()
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("min_in_sync"), "\(answer)")
        #expect(answer.contains("s refuses writes"))
        try await server.stop()
    }

    @Test func aShardThatHasFailedIsNotReady() async throws {
        let disk = try TestDisk(.oneJournal)
        let server = try await ServerFixture(disk: disk)
        func ready() throws -> String {
            let http = try server.connect()
            http.send(server.http("GET /readyz", "Connection: close\r\n"))
            return try http.receiveAllText()
        }
        #expect(try ready().hasPrefix("HTTP/1.1 200 "))
        // A disk that is full at the sync only has taken the write, and lost it.
        disk.fail(.sync, "/log/", error: ENOSPC)
        let connection = try server.connect()
        connection.send("SET k v\r\n")
        // Nobody can say whether it is done.
        #expect(try connection.receiveAll() == [])
        let answer = try ready()
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("No space left on device"), "\(answer)")
        try await server.stop()
    }

    @Test func aStoppedShardDoesNotSayThatItIsEmpty() async throws {
        let server = try await ServerFixture()
        try server.serve(phase: .stopped, hasStore: false)
        let connection = try server.connect()
        let down = "-CLUSTERDOWN Shard shard0 is stopped on this node\r\n"
        for command in ["GET k", "SET k 1", "DBSIZE", "SCAN 0", "KEYS *", "CLUSTER COUNTKEYSINSLOT 5"] {
            #expect(try server.ask("\(command)\r\n", connection, expecting: down) == down, "\(command)")
        }
        try await server.stop()
    }

    @Test func redirectsNameIPv6AsRedisDoes() async throws {
        let other = NodeAddress(host: "::1", port: 7001)
        let server = try await ServerFixture(otherShard: other)
        let connection = try server.connect()
        let moved = "-MOVED 12182 ::1:7001\r\n"
        #expect(try server.ask("GET foo\r\n", connection, expecting: moved) == moved)
        let http = try server.connect()
        http.send(server.http("GET /get?key=foo", "Connection: close\r\n"))
        #expect(try http.receiveAllText().contains("Location: http://[::1]:7001/get?key=foo\r\n"))
        try await server.stop()
    }

    /// Only of the slots that are its own: a folder copied from another shard holds more.
    @Test func dbsizeCountsOwnedSlots() async throws {
        let server = try await ServerFixture(otherShard: NodeAddress(host: "127.0.0.1", port: 9))
        let port = server.store.makePort()
        for (slot, key) in [(UInt16(12182), "foo"), (5, "bar")] {
            Array(key.utf8).withUnsafeBytes { key in
                server.store.lock.withLock {
                    _ = server.store.put(slot: slot, key: key, value: key, expiry: 0, port: port)
                }
            }
        }
        server.store.commit()
        let connection = try server.connect()
        #expect(try server.ask("DBSIZE\r\n", connection, expecting: ":1\r\n") == ":1\r\n")
        server.store.removePort(port)
        try await server.stop()
    }

    @Test func infoCountsOverAllLoops() async throws {
        let server = try await ServerFixture(loops: 4)
        var clients: [RawConnection] = []
        for index in 0..<8 {
            let client = try server.connect()
            clients.append(client)
            let request =
                "SET k\(index) v\r\nGET k\(index)\r\nGET nothing\r\nMGET k0 nothing2\r\nNOPE\r\nINCR k\(index)\r\n"
            client.send(request)
            for _ in 0..<6 { _ = try client.receiveReply() }
        }
        let client = clients[0]
        client.send("INFO stats\r\n")
        let stats = Self.fields(String(decoding: try client.receiveReply(), as: UTF8.self))
        #expect(stats["total_connections_received"] == 8)
        // NOPE is no command; the INFO itself is.
        #expect(stats["total_commands_processed"] == 8 * 5 + 1)
        #expect(stats["keyspace_hits"] == 16 && stats["keyspace_misses"] == 16)
        #expect(stats["total_error_replies"] == 16)
        let sent = 8 * "SET k0 v\r\nGET k0\r\nGET nothing\r\nMGET k0 nothing2\r\nNOPE\r\nINCR k0\r\n".utf8.count
        #expect(stats["total_net_input_bytes"] == sent + "INFO stats\r\n".utf8.count)
        #expect((stats["total_net_output_bytes"] ?? 0) > 8 * 100)
        client.send("INFO clients\r\n")
        #expect(try String(decoding: client.receiveReply(), as: UTF8.self).contains("connected_clients:8\r\n"))
        clients.removeLast(4)
        var connected: Int?
        for _ in 0..<500 where connected != 4 {
            client.send("INFO clients\r\n")
            connected = Self.fields(String(decoding: try client.receiveReply(), as: UTF8.self))["connected_clients"]
        }
        #expect(connected == 4)
        try await server.stop()
    }

    private static func fields(_ text: String) -> [String: Int] {
        text.split(separator: "\r\n").reduce(into: [:]) { fields, line in
            let parts = line.split(separator: ":")
            if parts.count == 2 { fields[String(parts[0])] = Int(parts[1]) }
        }
    }

    /// 3 MB of CLUSTER SLOTS: built once, the same from the cache, and built anew when a leader changes.
    @Test func topologyIsBuiltOncePerChange() async throws {
        let server = try await ServerFixture(placement: .modulo, otherShard: NodeAddress(host: "127.0.0.1", port: 9))
        let connection = try server.connect()
        for command in ["SLOTS", "SHARDS", "NODES"] {
            connection.send("CLUSTER \(command)\r\nHELLO 3\r\nCLUSTER \(command)\r\nHELLO 2\r\nCLUSTER \(command)\r\n")
            let first = try connection.receiveReply()
            _ = try connection.receiveReply()
            let three = try connection.receiveReply()
            _ = try connection.receiveReply()
            let again = try connection.receiveReply()
            #expect(first.count > 30_000 && again == first && three != first, "\(command)")
        }
        try await server.stop()
    }
}
