import Dispatch
import Model
import NIOCore
import NIOPosix
import Storage
import TestSupport
import Testing

/// What clients are told when a commit does not come about.
@Suite(.serialized) struct ConnectionFailureTests {
    /// The first write is in flight, so nobody knows what becomes of it; those queued after it were not done.
    @Test func eachHeldCommandIsToldOnceAndOnlyOnce() async throws {
        let server = try await ServerFixture(loops: 1)
        let inFlight = try server.connect()
        let witness = try server.connect()
        let resp = try server.connect()
        let http = try server.connect()
        let queued = { server.store.lock.withLock { server.store.lastQueuedVersion } }
        let first = queued()
        server.holdCommits()
        inFlight.send("SET a 1\r\n")
        #expect(try server.wait(witness) { queued() == first + 1 })
        #expect(try server.ask("GET a\r\n", witness, expecting: "$-1\r\n") == "$-1\r\n")
        // Empty lines are no commands and have no replies.
        resp.send("SET b 1\r\n\r\n\r\nGET b\r\n")
        http.send(
            server.http("PUT /kv/c", "Content-Length: 1\r\n", body: "1") + server.http("HEAD /kv/c")
                + server.http("GET /status")
        )
        // The kernel may hand on later what was sent earlier: both have been read when their writes are queued.
        #expect(try server.wait(witness) { queued() == first + 3 })
        #expect(try server.ask("GET b\r\n", witness, expecting: "$-1\r\n") == "$-1\r\n")
        server.store.stepDown(because: StorageError(.notLeader, "another node is the leader"))

        #expect(try inFlight.receiveAll() == [])
        let told = "-CLUSTERDOWN another node is the leader\r\n"
        let replies = try server.ask("PING\r\n", resp, expecting: "\(told)\(told)+PONG\r\n")
        #expect(replies == "\(told)\(told)+PONG\r\n")
        let answer = try http.receiveAllText()
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("\"no_leader\""), "\(answer)")
        #expect(answer.contains("Connection: close\r\n") && answer.ranges(of: "HTTP/1.1").count == 1, "\(answer)")
        try await server.stop()
    }

    private static let lapsed =
        "-CLUSTERDOWN this node's lease ran out before the write could be committed; ask again, another node may be the "
        + "leader\r\n"
    private static let tooFew = "-NOREPLICAS the in-sync set has 1 member, MinInSync is 2\r\n"

    /// A batch is committed by one thread, and the one after it fails on the loop itself before that has heard of the first: a
    /// process that is stopped at that moment, until its lease is over, does so. An APPEND that is told to have failed is
    /// made again, and is there twice.
    @Test func whatIsCommittedIsNotToldToHaveFailedWithWhatCameAfterIt() async throws {
        let server = try await ServerFixture(loops: 1)
        let witness = try server.connect()
        let (first, second) = (try server.connect(), try server.connect())
        let store = server.store
        server.holdCommits()
        first.send("APPEND a 1\r\n")
        #expect(try server.wait(witness) { store.log.end.sequence == 2 })
        second.send("APPEND b 1\r\n")
        #expect(try server.wait(witness) { store.lock.withLock { store.lastQueuedVersion } == 3 })
        let (isStopped, goesOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let loop = server.group.next()
        loop.execute {
            isStopped.signal()
            goesOn.wait()
        }
        // As at the end of a tick in which something was queued.
        loop.execute { store.commit() }
        isStopped.wait()
        server.releaseCommits()
        store.setLease(until: 1)
        goesOn.signal()
        #expect(try first.receiveText(4) == ":1\r\n")
        #expect(try second.receiveText(Self.lapsed.utf8.count) == Self.lapsed)
        try await server.stop()
    }

    /// A write is queued on a connection whose last one has failed, before the loop has heard of that.
    /// - Parameter waits: whether that second write waits for a replica.
    @Test(arguments: [false, true]) func whatFailedTakesNothingAlongThatCameAfterIt(waits: Bool) async throws {
        let server = try await ServerFixture(loops: 1)
        let store = server.store
        let (witness, inFlight) = (try server.connect(), try server.connect())
        let connection = try server.connect()
        let queued = { store.lock.withLock { store.lastQueuedVersion } }
        // A port that is woken before the loop's.
        try server.serve(hasStore: false)
        let (hasFailed, goesOn) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let port = store.makePort { port in
            while let signal = port.nextSignal() {
                guard case .failed(_, _, outcomeKnown: true) = signal else { continue }
                hasFailed.signal()
                goesOn.wait()
            }
        }
        try server.serve()
        server.holdCommits()
        inFlight.send("APPEND a 1\r\n")
        #expect(try server.wait(witness) { store.log.end.sequence == 2 })
        connection.send("APPEND b 1\r\n")
        #expect(try server.wait(witness) { queued() == 3 })
        Array("d".utf8).withUnsafeBytes { key in
            _ = store.lock.withLock { store.put(slot: 11_298, key: key, value: key, expiry: 0, port: port) }
        }
        store.changeQuorum { ($0.members, $0.membersMin, $0.waitsForReplicas) = (1, 2, false) }
        #expect(try inFlight.receiveAll() == [])
        DispatchQueue.global().async { store.commit() }
        hasFailed.wait()
        store.changeQuorum { ($0.members, $0.waitsForReplicas) = (2, waits) }
        connection.send("APPEND c 1\r\n")
        #expect(try server.wait(witness) { queued() == 3 })
        goesOn.signal()
        #expect(try connection.receiveText(Self.tooFew.utf8.count) == Self.tooFew)
        if waits {
            #expect(!connection.hasReceived)
            server.releaseCommits()
        }
        #expect(try connection.receiveText(4) == ":1\r\n")
        let found = "*3\r\n$-1\r\n$1\r\n1\r\n$-1\r\n"
        #expect(try server.ask("MGET b c d\r\n", witness, expecting: found) == found)
        store.removePort(port)
        try await server.stop()
    }
}
