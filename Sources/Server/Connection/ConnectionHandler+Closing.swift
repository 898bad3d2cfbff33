import NIOCore
import Replication
import Resharding
import Routing
import Storage

/// How a connection ends: everything that is due is sent first, also to a client that reads slowly or still sends.
extension ConnectionHandler {
    /// A client in the middle of sending is read this long, and this far, after our last byte: closing with unread
    /// bytes resets the connection, and a reset can overtake the reply that says why. The bytes are one value too large.
    static let lingerTime = TimeAmount.seconds(2)
    static let lingerBytesMax = 64 << 20

    /// The client of this connection must not see the rest: the connection ends when what is due has been sent.
    func closeAfterReplies() { isClosing = true }

    /// Ends the connection when nothing is due any more.
    func closeIfDone() {
        guard isClosing || inputEnded, !hasEnded, !isBlocked, !waitsForRoom, marks.isEmpty, output.readableBytes == 0,
            let context
        else { return }
        // What the client has sent is answered to the end; the rest of it waits for the socket to take replies.
        guard isClosing || context.channel.isWritable else { return }
        hasEnded = true
        // An empty write is done when all before it are: `close` itself would drop what the socket did not take yet.
        let sent = context.eventLoop.makePromise(of: Void.self)
        sent.futureResult.assumeIsolated().whenComplete { [self] _ in endOutput() }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: sent)
    }

    private func endOutput() {
        guard let context else { return }
        if inputEnded { return context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        input = ByteBuffer()
        updateReading()
        let task = context.eventLoop.assumeIsolated().scheduleTask(in: ConnectionHandler.lingerTime) { [weak self] in
            self?.context?.close(promise: nil)
        }
        context.channel.closeFuture.whenComplete { _ in task.cancel() }
    }

    /// Bytes after the end of the conversation.
    func discard(_ bytes: ByteBuffer) {
        discardedBytes += bytes.readableBytes
        if discardedBytes > ConnectionHandler.lingerBytesMax { context?.close(promise: nil) }
    }
}

/// A client that speaks neither RESP nor HTTP/1.
extension ConnectionHandler {
    /// Ends the connection: nothing is answered, and nothing that was sent or still comes is executed.
    func endForOtherProtocol() {
        isClosing = true
        loop.noteOtherProtocol(from: remoteAddress)
    }
}

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
