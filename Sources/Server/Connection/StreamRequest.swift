import NIOCore
import Replication
import Resharding
import Routing
import Storage

/// A handler of frames that takes over a connection.
protocol StreamHandler: RemovableChannelHandler {
    /// Bytes that came before it was there.
    func receive(_ bytes: ByteBuffer)
}

extension PeerStreamHandler: StreamHandler {}
extension MigrationStreamHandler: StreamHandler {}

/// A peer's command after which the connection is a stream of frames.
enum StreamRequest {
    /// A follower asks for the log.
    case replication(PeerHello, ShardStore)
    /// The leader of a move's target asks for what moves.
    case migration(MigrationHello, any ShardResharding)

    static func isOne(_ command: String) -> Bool {
        command == PeerHello.command || command == MigrationHello.command
    }

    /// What a request is understood as; nil when this node can't serve it now.
    /// - Parameter command: in capitals; one of those of `isOne`.
    /// - Returns: a failure with the reason if the request is wrong.
    static func make(_ command: String, _ words: [[UInt8]], _ state: ServingState) -> Result<StreamRequest, Refusal>? {
        guard state.isLeader else { return nil }
        do {
            if command == PeerHello.command {
                guard let store = state.store else { return nil }
                return .success(.replication(try PeerHello(arguments: words), store))
            }
            guard let resharding = state.resharding else { return nil }
            return .success(.migration(try MigrationHello(arguments: words), resharding))
        } catch {
            return .failure(Refusal(reason: "\(error)"))
        }
    }

    struct Refusal: Error { let reason: String }

    /// Puts the stream's handler in the connection's place, after the `+OK`; bytes already read go along. On its loop.
    func takeOver(_ connection: ConnectionHandler, _ context: ChannelHandlerContext) {
        connection.output.writeRESPOK()
        // All of it at once: what comes next is sent by the stream itself.
        connection.queue.removeMarks()
        while let part = connection.queue.take(max: .max, open: &connection.output) {
            context.write(NIOAny(part), promise: nil)
        }
        context.flush()
        let handler = makeHandler(connection.loop)
        let rest = connection.input
        connection.input = ByteBuffer()
        do {
            try context.pipeline.syncOperations.addHandler(handler)
            context.pipeline.syncOperations.removeHandler(connection, promise: nil)
            if rest.readableBytes > 0 { handler.receive(rest) }
        } catch {
            context.close(promise: nil)
        }
    }

    private func makeHandler(_ loop: LoopContext) -> any StreamHandler & Sendable {
        switch self {
        case .replication(let hello, let store):
            PeerStreamHandler(
                store: store,
                host: loop,
                hello: hello,
                identity: .init(
                    cluster: loop.state.config.name,
                    shard: loop.state.shardName,
                    term: store.lock.withLock { store.term },
                    engine: store.engine.kind.rawValue
                )
            )
        case .migration(let hello, let resharding):
            MigrationStreamHandler(resharding: resharding, loop: loop, hello: hello)
        }
    }
}
