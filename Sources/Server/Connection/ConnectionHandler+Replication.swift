import NIOCore
import Replication
import Resharding
import Routing
import Storage

/// A connection that becomes a peer stream.
extension ConnectionHandler {
    /// Replaces this handler by the one of peer streams; bytes already read go along.
    func switchToReplication() {
        guard let (hello, store) = replication, let context else { return }
        replication = nil
        output.writeRESPOK()
        let answer = output
        output = ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        let state = loop.state
        let peer = PeerStreamHandler(
            store: store,
            loop: loop,
            hello: hello,
            identity: .init(
                cluster: state.config.name,
                shard: state.shardName,
                term: store.lock.withLock { store.term },
                engine: store.engine.kind.rawValue
            )
        )
        let rest = input
        input = ByteBuffer()
        do {
            try context.pipeline.syncOperations.addHandler(peer)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            if rest.readableBytes > 0 { peer.receive(rest) }
        } catch {
            context.close(promise: nil)
        }
    }

    /// Replaces this handler by the one of moves; bytes already read go along.
    func switchToMigration() {
        guard let (hello, resharding) = migration, let context else { return }
        migration = nil
        output.writeRESPOK()
        let answer = output
        output = ByteBuffer()
        context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        let stream = MigrationStreamHandler(resharding: resharding, loop: loop, hello: hello)
        let rest = input
        input = ByteBuffer()
        do {
            try context.pipeline.syncOperations.addHandler(stream)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            if rest.readableBytes > 0 { stream.receive(rest) }
        } catch {
            context.close(promise: nil)
        }
    }
}
