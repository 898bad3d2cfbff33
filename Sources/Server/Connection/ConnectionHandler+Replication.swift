import NIOCore
import Replication
import Resharding
import Routing
import Storage

/// A connection that becomes a peer stream.
extension ConnectionHandler {
    /// A follower asks for the log: the connection carries peer frames from here on.
    /// - Returns: whether the command was that.
    func beginReplication(_ arguments: Arguments) -> Bool {
        guard arguments.text(0).uppercased() == PeerHello.command else { return false }
        let words = arguments.rest
        if loop.state.store != nil, loop.state.isAboutToLead {
            // In a moment there is a stream to give; a refusal would cost the shard the follower's next pause.
            park()
            return true
        }
        guard let store = loop.state.store, loop.state.isLeader else {
            output.writeRESPError(
                "ERR \(loop.state.address) does not lead \(loop.state.shardName) now (\(loop.state.phase.rawValue))"
            )
            return true
        }
        do throws(ReplicationError) {
            replication = (try PeerHello(arguments: words), store)
            isBlocked = true
        } catch {
            output.writeRESPError("ERR \(error)")
        }
        return true
    }

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

    // MARK: Moves of slots

    /// A target's leader asks for a move: the connection carries frames of moves from here on.
    /// - Returns: whether the command was that.
    func beginMigration(_ arguments: Arguments) -> Bool {
        guard arguments.text(0).uppercased() == MigrationHello.command else { return false }
        let words = arguments.rest
        if loop.state.store != nil, loop.state.isAboutToLead {
            park()
            return true
        }
        guard let resharding = loop.state.resharding, loop.state.isLeader else {
            output.writeRESPError(
                "ERR \(loop.state.address) does not lead \(loop.state.shardName) now (\(loop.state.phase.rawValue))"
            )
            return true
        }
        do throws(ReshardError) {
            migration = (try MigrationHello(arguments: words), resharding)
            isBlocked = true
        } catch {
            output.writeRESPError("ERR \(error)")
        }
        return true
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
