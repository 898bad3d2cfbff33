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
}
