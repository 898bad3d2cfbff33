import Model
import Replication
import Server
import Storage
import TestSupport
import Testing

/// Followers that come before there is a stream to give.
@Suite(.serialized) struct FollowerAdmissionTests {
    private var hello: [[UInt8]] {
        let hello = PeerHello(
            cluster: "demo",
            shard: "shard0",
            folder: String(repeating: "a", count: 32),
            address: "127.0.0.1:9",
            position: .zero,
            commitSequence: 0,
            needsSnapshot: true,
            term: 0,
            boot: nil
        )
        return [Array(PeerHello.command.utf8)] + hello.arguments
    }

    @Test func aFollowerWaitsWhileTheLeadIsBeingTaken() async throws {
        let server = try await ServerFixture(role: .replica, loops: 1)
        server.leadership.setAboutToLead(true)
        let follower = try server.connect()
        follower.send(RawConnection.command(hello))
        let witness = try server.connect()
        _ = try server.ask("PING\r\n", witness, expecting: "+PONG\r\n")
        #expect(!follower.hasReceived)
        try server.store.becomeLeader()
        try server.serve(role: .leader)
        #expect(try follower.receiveText(5) == "+OK\r\n")
        try await server.stop()
    }

    @Test func aFollowerIsTurnedAwayOnceItIsKnownThatAnotherLeads() async throws {
        let server = try await ServerFixture(role: .replica, loops: 1)
        server.leadership.setAboutToLead(true)
        let follower = try server.connect()
        follower.send(RawConnection.command(hello))
        let witness = try server.connect()
        _ = try server.ask("PING\r\n", witness, expecting: "+PONG\r\n")
        server.leadership.setAboutToLead(false)
        try server.serve(role: .replica)
        #expect(try follower.receiveText(4) == "-ERR")
        try await server.stop()
    }
}
