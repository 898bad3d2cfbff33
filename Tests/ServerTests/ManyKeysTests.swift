import Model
import Server
import Storage
import TestSupport
import Testing

/// Commands on very many keys, and replies of many megabytes: what other connections notice of them.
@Suite(.serialized) struct ManyKeysTests {
    private static let attempts = 20

    private func fill(_ connection: RawConnection, _ keys: [String], value: (Int) -> String) throws {
        for start in stride(from: 0, to: keys.count, by: 500) {
            let pairs = (start..<min(keys.count, start + 500)).flatMap {
                [Array(keys[$0].utf8), Array(value($0).utf8)]
            }
            connection.send(RawConnection.command([Array("MSET".utf8)] + pairs))
            #expect(try connection.receiveText(5) == "+OK\r\n")
        }
    }

    private func bulks(_ words: [String]) -> String {
        words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
    }

    private func send(_ connection: RawConnection, _ name: String, _ keys: [String]) {
        connection.send("*\(1 + keys.count)\r\n" + bulks([name] + keys))
    }

    private func answers(_ values: [String]) -> [UInt8] {
        Array("*\(values.count)\r\n".utf8) + Array(bulks(values).utf8)
    }

    /// All keys are in memory, so that no step waits for anything: SwiftNIO runs tasks of a loop, and those that they add,
    /// before it looks at its sockets.
    @Test(arguments: ["MGET", "EXISTS", "DEL"]) func othersAreAnsweredBetweenTheSteps(command: String) async throws {
        let server = try await ServerFixture(loops: 1)
        let connection = try server.connect()
        let other = try server.connect()
        let names = (0..<1_000).map { "key-\($0)" }
        let keys = Array(repeating: names, count: 60).flatMap(\.self)
        let expected =
            switch command {
            case "MGET": answers(keys.indices.map { "\($0 % 1_000)" })
            case "EXISTS": Array(":60000\r\n".utf8)
            default: Array(":1000\r\n".utf8)
            }
        var most = 0
        // On a full machine this thread may sleep until the whole reply is there.
        for _ in 0..<Self.attempts where most < 3 {
            try fill(connection, names) { "\($0)" }
            send(connection, command, keys)
            var answered = 0
            while !connection.hasReceived, answered < 10_000 {
                #expect(try server.ask("GET nothing\r\n", other, expecting: "$-1\r\n") == "$-1\r\n")
                answered += 1
            }
            most = max(most, answered)
            let isWhole = try connection.receive(expected.count) == expected
            #expect(isWhole)
        }
        // In one step there would be one before it and one after it.
        #expect(most >= 3, "\(most) commands of another connection were answered meanwhile")
        try await server.stop()
    }

    /// A client that takes its large reply slowly, or not at all, keeps nobody waiting, and gets it whole.
    @Test func aLargeReplyGoesOutInOrder() async throws {
        let server = try await ServerFixture(loops: 1)
        let slow = try server.connect(receiveBuffer: 1 << 16)
        let other = try server.connect()
        let keys = (0..<40).map { "key-\($0)" }
        let value = String(repeating: "v", count: 500_000)
        try fill(slow, Array(keys[..<20])) { "\($0)" + value }
        try fill(slow, Array(keys[20...])) { "\($0)" }
        slow.send("GET key-20\r\n")
        send(slow, "MGET", keys + ["nothing"])
        slow.send("SET last 1\r\nGET last\r\n")
        send(slow, "MGET", keys)
        slow.send("PING\r\n")
        for _ in 0..<200 { #expect(try server.ask("PING\r\n", other, expecting: "+PONG\r\n") == "+PONG\r\n") }
        let values = keys.indices.map { $0 < 20 ? "\($0)" + value : "\($0 - 20)" }
        let first = answers(values)
        let nothing = Array("$-1\r\n".utf8)
        let expected =
            Array("$1\r\n0\r\n*41\r\n".utf8) + first.dropFirst("*40\r\n".utf8.count) + nothing
            + Array("+OK\r\n$1\r\n1\r\n".utf8) + first + Array("+PONG\r\n".utf8)
        let isWhole = try slow.receive(expected.count) == expected
        #expect(isWhole)
        try await server.stop()
    }

    /// The large reply stands behind a write that nobody has committed.
    @Test(arguments: [true, false]) func aLargeReplyIsHeldLikeAnyOther(isCommitted: Bool) async throws {
        let server = try await ServerFixture(loops: 1)
        let connection = try server.connect()
        let other = try server.connect()
        let keys = (0..<3_000).map { "key-\($0)" }
        let value = String(repeating: "v", count: 1_000)
        try fill(connection, keys) { "\($0)" + value }
        let queued = { server.store.lock.withLock { server.store.lastQueuedVersion } }
        let before = queued()
        server.holdCommits()
        let inFlight = try server.connect()
        inFlight.send("SET a 1\r\n")
        #expect(try server.wait(other) { queued() == before + 1 })
        #expect(try server.ask("GET a\r\n", other, expecting: "$-1\r\n") == "$-1\r\n")
        connection.send("SET b 1\r\n")
        send(connection, "MGET", ["b"] + keys)
        connection.send("SET c 1\r\n")
        #expect(try server.wait(other) { queued() == before + 3 })
        #expect(!connection.hasReceived)
        if isCommitted {
            server.releaseCommits()
            let expected =
                Array("+OK\r\n".utf8) + answers(["1"] + keys.indices.map { "\($0)" + value }) + Array("+OK\r\n".utf8)
            let isWhole = try connection.receive(expected.count) == expected
            #expect(isWhole)
        } else {
            server.store.stepDown(because: StorageError(.notLeader, "another node is the leader"))
            let told = String(repeating: "-CLUSTERDOWN another node is the leader\r\n", count: 3)
            let answer = try connection.receiveText(told.utf8.count)
            #expect(answer == told, "\(answer)")
            // Not sooner: it would stand after what is not committed, too.
            #expect(try server.ask("PING\r\n", connection, expecting: "+PONG\r\n") == "+PONG\r\n")
        }
        try await server.stop()
    }

    /// What a command has read of a write of its own connection, which then fails in the middle of it, never was.
    @Test func aWriteThatFailsIsForgottenInTheMiddleOfARead() async throws {
        let server = try await ServerFixture(loops: 1)
        let store = server.store
        let other = try server.connect()
        let queued = { store.lock.withLock { store.lastQueuedVersion } }
        let tooFew = "-NOREPLICAS the in-sync set has 1 member, MinInSync is 2\r\n"
        func hits() throws -> Int {
            let text = try server.askForBulk("INFO stats\r\n")
            return text.firstMatch(of: /keyspace_hits:([0-9]+)/).flatMap { Int($0.1) } ?? 0
        }
        var answer = ""
        // On a full machine it may be over, and told to have failed as well, before this thread comes to it.
        for _ in 0..<Self.attempts where answer != ":0\r\n" {
            store.changeQuorum { ($0.members, $0.membersMin, $0.waitsForReplicas) = (2, 2, true) }
            let inFlight = try server.connect()
            let before = queued()
            inFlight.send("SET a 1\r\n")
            #expect(try server.wait(other) { store.log.end.sequence == before + 1 })
            let connection = try server.connect()
            let hitsBefore = try hits()
            connection.send("SET b 1\r\n")
            send(connection, "EXISTS", Array(repeating: "b", count: 100_000))
            while try hits() == hitsBefore, !connection.hasReceived {}
            store.changeQuorum { ($0.members, $0.waitsForReplicas) = (1, false) }
            store.commit()
            #expect(try connection.receiveText(tooFew.utf8.count) == tooFew)
            answer = String(decoding: try connection.receiveLine(), as: UTF8.self)
            #expect(answer == ":0\r\n" || answer == tooFew, "\(answer)")
        }
        #expect(answer == ":0\r\n")
        try await server.stop()
    }

    /// More keys than are looked at in one turn, in a cluster in which they have to be of one slot.
    @Test func keysOfOneSlotAreCheckedInSteps() async throws {
        let server = try await ServerFixture(otherShard: NodeAddress(host: "127.0.0.1", port: 9), loops: 1)
        let connection = try server.connect()
        let count = KeyProgress.checksPerTurn * 2 + 5
        // In the lower half of the slots.
        let keys = (0..<count).map { "{b}\($0)" }
        try fill(connection, keys) { "\($0)" }
        let crossed = "-CROSSSLOT Keys in request don't hash to the same slot\r\n"
        for command in ["EXISTS", "DEL"] {
            send(connection, command, keys + ["a"])
            #expect(try connection.receiveText(crossed.utf8.count) == crossed)
        }
        for (command, answer) in [("EXISTS", ":\(count)\r\n"), ("DEL", ":\(count)\r\n"), ("EXISTS", ":0\r\n")] {
            send(connection, command, keys)
            #expect(try connection.receiveText(answer.utf8.count) == answer)
        }
        try await server.stop()
    }

    /// A connection that ends in the middle of its command, or of its reply, leaves nothing behind that is in the way.
    @Test(arguments: ["MGET", "DEL"]) func aClientLeavesInTheMiddle(command: String) async throws {
        let server = try await ServerFixture(loops: 1)
        let other = try server.connect()
        let keys = (0..<5_000).map { "key-\($0)" }
        try fill(other, keys) { "\($0)" }
        do {
            let connection = try server.connect(receiveBuffer: 1 << 12)
            for _ in 0..<5 { send(connection, command, keys) }
            #expect(try server.ask("PING\r\n", other, expecting: "+PONG\r\n") == "+PONG\r\n")
        }
        #expect(try server.ask("PING\r\n", other, expecting: "+PONG\r\n") == "+PONG\r\n")
        try await server.stop()
    }

    /// KEYS writes its reply elsewhere; what comes after it waits.
    @Test func aLargeListOfKeysGoesOutInParts() async throws {
        let server = try await ServerFixture(loops: 1)
        let connection = try server.connect(receiveBuffer: 1 << 16)
        let long = String(repeating: "k", count: 3_000)
        let keys = (0..<1_000).map { "\($0)" + long }
        try fill(connection, keys) { "\($0)" }
        connection.send("SET last 1\r\nKEYS *\r\nPING\r\n")
        #expect(try connection.receiveText(5) == "+OK\r\n")
        var found: Set<String> = []
        #expect(try connection.receiveLine() == Array("*1001\r\n".utf8))
        for _ in 0..<1_001 {
            let bulk = String(decoding: try connection.receiveReply(), as: UTF8.self)
            found.insert(String(bulk.split(separator: "\r\n").last ?? ""))
        }
        #expect(found == Set(keys + ["last"]))
        #expect(try connection.receiveText(7) == "+PONG\r\n")
        try await server.stop()
    }
}
