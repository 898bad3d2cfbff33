import Model
import NIOCore
import Replication
import Resharding
import Storage

/// A peer's command after which the connection is a stream of frames, and what it was judged by.
package struct StreamRequest: Sendable {
    private enum Hello {
        /// A follower asks for the log.
        case replication(PeerHello)
        /// The leader of a move's target asks for what moves.
        case migration(MigrationHello, any ShardResharding)
    }

    /// A request that is wrong, and why.
    package struct Refusal: Error { package let reason: String }

    private let hello: Hello
    /// What this node served streams from when the request came.
    package let shard: StreamedShard

    static func isOne(_ command: String) -> Bool {
        command == PeerHello.command || command == MigrationHello.command
    }

    /// Whether a connection that begins with these bytes may become a stream. A peer sends its request at once, as an array.
    static func canBegin(_ input: ByteBuffer) -> Bool {
        let name = Array("\r\nSHOAL.".utf8)
        let start = Array(input.readableBytesView.prefix(32))
        return (0...max(0, start.count - name.count)).contains { start.dropFirst($0).starts(with: name) }
    }

    /// What a request is understood as; nil when this node can't serve it now.
    /// - Parameters:
    ///   - command: in capitals; one of those of `isOne`.
    ///   - words: its arguments.
    ///   - shard: nil while this node is not the leader.
    /// - Returns: a failure with the reason if the request is wrong.
    package static func make(
        _ command: String,
        _ words: [[UInt8]],
        _ shard: StreamedShard?
    ) -> Result<StreamRequest, Refusal>? {
        guard let shard else { return nil }
        do {
            if command == PeerHello.command {
                return .success(StreamRequest(hello: .replication(try PeerHello(arguments: words)), shard: shard))
            }
            guard let resharding = shard.resharding else { return nil }
            let hello = try MigrationHello(arguments: words)
            return .success(StreamRequest(hello: .migration(hello, resharding), shard: shard))
        } catch {
            return .failure(Refusal(reason: "\(error)"))
        }
    }

    /// The stream's end here. On the host's loop.
    func makeHandler(_ host: StreamHost) -> any ChannelHandler & Sendable {
        switch hello {
        case .replication(let hello):
            let store = shard.store
            return PeerStreamHandler(
                store: store,
                host: host,
                hello: hello,
                identity: .init(
                    cluster: shard.cluster,
                    shard: shard.name,
                    term: store.lock.withLock { store.term },
                    engine: store.engine.kind.rawValue,
                    coordinator: shard.coordinator
                )
            )
        case .migration(let hello, let resharding):
            return MigrationStreamHandler(resharding: resharding, host: host, hello: hello)
        }
    }
}
