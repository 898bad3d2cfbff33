import Model
import NIOCore
import NIOPosix
import Replication
import Resharding
import Server
import Storage
import Synchronization
import TestSupport
import Testing

/// Streams to other nodes run on the replication loop, and end with the leadership that they were asked of.
@Suite struct StreamHostTests {
    /// A job of a shard: it takes whoever comes.
    private final class FakeResharding: ShardResharding {
        let isAttached = Answer<Void>()
        private let onCall: @Sendable () -> Void

        init(_ onCall: @escaping @Sendable () -> Void = {}) { self.onCall = onCall }

        func attach(_ stream: any MigrationStream, _ hello: MigrationHello) -> UInt64? {
            onCall()
            isAttached.give()
            return 1
        }

        func receive(_ event: MigrationSourceMachine.Event, link: UInt64) { onCall() }
        var progress: ReshardProgress? { nil }
        func clean(_ slots: [ClosedRange<UInt16>]) async -> CleanOutcome { .removed(0) }
    }

    private static let hello: [UInt8] = {
        let hello = PeerHello(
            cluster: "demo",
            shard: "shard0",
            folder: "f",
            address: "127.0.0.9:18090",
            position: .zero,
            commitSequence: 0,
            needsSnapshot: false,
            term: 0,
            boot: nil
        )
        return RawConnection.command([Array(PeerHello.command.utf8)] + hello.arguments)
    }()

    private static func migrationHello() throws -> [UInt8] {
        let hello = MigrationHello(
            cluster: "demo",
            coordinator: "c",
            job: "j",
            move: 0,
            slots: try SlotList("0-5"),
            shard: "shard1",
            term: 1
        )
        return RawConnection.command([Array(MigrationHello.command.utf8)] + hello.arguments)
    }

    private static let acknowledgement: [UInt8] = {
        var bytes: [UInt8] = []
        PeerFrame.acknowledge(
            .init(durable: .zero, appliedSequence: 0, installedKeys: 0, stamp: 1, needsSnapshot: false)
        ).encode(into: &bytes)
        return bytes
    }()

    /// A follower whose stream has begun.
    private func follow(_ server: ServerFixture) throws -> RawConnection {
        let connection = try server.connect()
        connection.send(Self.hello)
        #expect(try connection.receiveText(5) == "+OK\r\n")
        // The first frame.
        _ = try connection.receive(5)
        return connection
    }

    private func followersOfInfo(_ server: ServerFixture) throws -> String {
        let connection = try server.connect()
        connection.send("INFO replication\r\n")
        let text = String(decoding: try connection.receiveReply(), as: UTF8.self)
        return text.split(separator: "\r\n").first { $0.hasPrefix("connected_slaves") }.map { String($0) } ?? text
    }

    /// Frames of a follower are parsed there, those that come with the hello and later ones.
    @Test func aFollowersStreamRunsOnTheReplicationLoop() async throws {
        let server = try await ServerFixture()
        let loop = server.replication.next()
        let calls = Mutex((here: 0, elsewhere: 0, acknowledgements: 0))
        let (first, second) = (Answer<Void>(), Answer<Void>())
        server.leadership.onEvent { event in
            let count = calls.withLock { calls in
                if loop.inEventLoop { calls.here += 1 } else { calls.elsewhere += 1 }
                if case .followerAcknowledged = event { calls.acknowledgements += 1 }
                return calls.acknowledgements
            }
            if count >= 1 { first.give() }
            if count >= 2 { second.give() }
        }
        // Without a pause of this task until the end: a follower that is silent for ten seconds is given up.
        let connection = try server.connect()
        connection.send(Self.hello + Self.acknowledgement)
        #expect(try connection.receiveText(5) == "+OK\r\n")
        #expect(first.wait(milliseconds: 20_000) != nil)
        connection.send(Self.acknowledgement)
        #expect(second.wait(milliseconds: 20_000) != nil)
        #expect(calls.withLock { $0.here >= 3 && $0.elsewhere == 0 })
        #expect(try followersOfInfo(server) == "connected_slaves:1")
        try await server.stop()
        #expect(calls.withLock { $0.elsewhere } == 0)
    }

    @Test func aTargetsStreamRunsOnTheReplicationLoop() async throws {
        let server = try await ServerFixture()
        let loop = server.replication.next()
        let elsewhere = Mutex(0)
        let resharding = FakeResharding { if !loop.inEventLoop { elsewhere.withLock { $0 += 1 } } }
        server.resharding = resharding
        try server.serve()
        let connection = try server.connect()
        connection.send(try Self.migrationHello())
        #expect(try connection.receiveText(5) == "+OK\r\n")
        #expect(resharding.isAttached.wait(milliseconds: 20_000) != nil)
        #expect(server.server.streams.count() == 1)
        // The next term has a driver of its own.
        server.resharding = FakeResharding()
        try server.serve()
        #expect(server.server.streams.count() == 0)
        #expect(try connection.receiveAll() == [])
        #expect(elsewhere.withLock { $0 } == 0)
        try await server.stop()
    }

    /// Nothing of them is left when `serve` returns: the store may be closed then.
    @Test(arguments: [true, false]) func streamsEndWithLeadership(hasStore: Bool) async throws {
        let server = try await ServerFixture()
        let connections = try (0..<4).map { _ in try follow(server) }
        #expect(server.server.streams.count() == 4)
        #expect(try followersOfInfo(server) == "connected_slaves:4")
        // Other news of the same leadership change nothing.
        try server.serve(phase: .running)
        #expect(server.server.streams.count() == 4)
        try server.serve(role: .replica, hasStore: hasStore)
        #expect(server.server.streams.count() == 0)
        for connection in connections { _ = try connection.receiveAll() }
        #expect(try await eventually { ServedDescriptors.count(of: server.address) == 0 })
        try await server.stop()
    }

    @Test func aServerThatClosesEndsItsStreams() async throws {
        let server = try await ServerFixture()
        let connection = try follow(server)
        let streams = server.server.streams
        await server.server.close()
        #expect(streams.count() == 0)
        #expect(ServedDescriptors.count(of: server.address) == 0)
        _ = try connection.receiveAll()
        try await server.stop()
    }

    /// It is judged by what a client's loop knows, and comes to the replication loop when that knows better.
    @Test func aStreamThatComesTooLateIsClosed() async throws {
        let server = try await ServerFixture(loops: 1)
        let goesOn = Answer<Void>()
        server.replication.next().execute { goesOn.wait() }
        let ended = server.server.streams.serve(nil)
        let connection = try server.connect()
        connection.send(Self.hello)
        #expect(try connection.receiveText(5) == "+OK\r\n")
        goesOn.give()
        #expect(try connection.receiveAll() == [])
        try await ended.get()
        #expect(server.server.streams.count() == 0)
        #expect(ServedDescriptors.count(of: server.address) == 0)
        try await server.stop()
    }

    /// The same, when leadership ends in the middle of the move and is taken again: the store is the same.
    @Test func aStreamOfAnEarlierTermIsClosed() async throws {
        let server = try await ServerFixture(loops: 1)
        server.resharding = FakeResharding()
        try server.serve()
        let goesOn = Answer<Void>()
        server.replication.next().execute { goesOn.wait() }
        let next = StreamedShard(
            store: server.store,
            cluster: "demo",
            name: "shard0",
            leadership: server.leadership,
            resharding: FakeResharding()
        )
        let changed = server.server.streams.serve(next)
        let connection = try server.connect()
        connection.send(Self.hello)
        #expect(try connection.receiveText(5) == "+OK\r\n")
        goesOn.give()
        #expect(try connection.receiveAll() == [])
        try await changed.get()
        #expect(server.server.streams.count() == 0)
        try await server.stop()
    }

    /// Whoever leaves while its connection moves leaves nothing behind.
    @Test func followersThatLeaveAtOnceLeaveNothing() async throws {
        let server = try await ServerFixture()
        for round in 0..<50 {
            let connection = try server.connect()
            connection.send(Self.hello)
            if round % 2 == 0 { connection.resetAtEnd() }
        }
        #expect(
            try await eventually {
                server.server.streams.count() == 0 && ServedDescriptors.count(of: server.address) == 0
            }
        )
        try await server.stop()
    }
}
