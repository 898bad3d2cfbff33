import Logging
import Model
import NIOCore
import NIOPosix
import Storage

/// The streams to followers, and to targets of moves, of one node: all of them on the replication loop, so that neither
/// they nor clients wait for each other. They read the store's log, so they end with it, and with leadership.
package final class StreamHost: PeerStreamHost, @unchecked Sendable {
    // Sendable: everything mutable is confined to `eventLoop`.
    package let eventLoop: any EventLoop
    package let logger: Logger
    private let threadPool: NIOThreadPool
    private var shard: StreamedShard?
    private var peers: [ObjectIdentifier: PeerStreamHandler] = [:]
    private var migrations: [ObjectIdentifier: MigrationStreamHandler] = [:]
    private var isClosed = false

    /// - Parameters:
    ///   - eventLoop: a loop of SwiftNIO's own group that serves no clients; it outlives the host.
    ///   - threadPool: for what waits for a disk.
    package init(eventLoop: any EventLoop, threadPool: NIOThreadPool, logger: Logger) {
        self.eventLoop = eventLoop
        self.threadPool = threadPool
        self.logger = logger
    }

    // MARK: From other threads

    /// Begins to serve streams from `shard`; nil: none.
    /// - Returns: done when all streams of another one have ended and use its store no more; what is still on its way here
    ///   for it will be closed. An error means that the loop is gone.
    package func serve(_ shard: StreamedShard?) -> EventLoopFuture<Void> { eventLoop.submit { self.change(to: shard) } }

    /// Ends all streams, and takes no more.
    package func close() async {
        // An error here means that the loop is gone, and its connections with it.
        try? await eventLoop.submit {
            self.isClosed = true
            self.change(to: nil)
        }.get()
    }

    /// The followers that there are streams to. Blocks; not for event loops.
    package func followers() -> [InfoFields.Replica] {
        // A loop that has ended serves nobody.
        (try? eventLoop.submit { self.followersNow }.wait()) ?? []
    }

    /// How many streams there are. Blocks; not for event loops.
    package func count() -> Int {
        // As above.
        (try? eventLoop.submit { self.peers.count + self.migrations.count }.wait()) ?? 0
    }

    // MARK: On the loop

    /// A connection has come here that asked for a stream: the stream begins, if what it asked for is still served.
    /// - Throws: `Outdated` when it is not; the connection has to be closed.
    package func take(_ channel: any Channel, for request: StreamRequest) throws {
        guard !isClosed, shard != nil, StreamedShard.areSame(shard, request.shard) else {
            logger.info(
                "a node's stream was closed before it began: leadership has changed since it was asked for",
                metadata: ["peer": "\(channel.remoteAddress.map { "\($0)" } ?? "?")"]
            )
            throw Outdated()
        }
        try channel.pipeline.syncOperations.addHandler(request.makeHandler(self))
    }

    /// This node is not the leader any more that it was when the stream was asked for.
    package struct Outdated: Error {}

    package var leadership: (any ShardLeadership)? { shard?.leadership }

    package func add(_ peer: PeerStreamHandler) { peers[ObjectIdentifier(peer)] = peer }

    package func remove(_ peer: PeerStreamHandler) { peers[ObjectIdentifier(peer)] = nil }

    func add(_ migration: MigrationStreamHandler) { migrations[ObjectIdentifier(migration)] = migration }

    func remove(_ migration: MigrationStreamHandler) { migrations[ObjectIdentifier(migration)] = nil }

    package func offLoop<T: Sendable>(_ work: @escaping @Sendable () -> T) -> EventLoopFuture<T> {
        threadPool.runIfActive(eventLoop: eventLoop, work)
    }

    private func change(to next: StreamedShard?) {
        let next = isClosed ? nil : next
        let isSame = StreamedShard.areSame(shard, next)
        shard = next
        if isSame { return }
        // The other nodes find the next leader.
        for peer in Array(peers.values) { peer.end() }
        for migration in Array(migrations.values) { migration.end() }
    }

    private var followersNow: [InfoFields.Replica] {
        let now = Clock.monotonicMilliseconds()
        return peers.values.compactMap { $0.info(now: now) }
    }
}
