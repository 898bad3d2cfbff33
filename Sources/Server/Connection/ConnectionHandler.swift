import Model
import NIOCore
import Storage

/// One connection of any protocol: reads, decodes and executes synchronously, and keeps replies in order.
///
/// All replies go to `output` in the order of the commands; `queue` says what of them may be sent.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler, @unchecked Sendable {
    // Sendable: confined to its channel's event loop.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum WireProtocol {
        /// Nothing understood yet: the first bytes decide (docs/protocol.md, One address).
        case undecided, resp, http
    }

    /// Unsent replies beyond this stop the reading: a client that doesn't read must not fill our memory.
    static let outputBytesMax = 32 << 20
    /// Memory that a connection keeps for its next replies: those of a pipeline fit.
    private static let keptOutputBytesMax = 16 << 10

    let loop: LoopContext
    let beganAt = Clock.monotonicNanoseconds()
    let remoteAddress: String
    let identifier: Int
    var context: ChannelHandlerContext?
    @exclusivity(unchecked) var input = ByteBuffer()
    /// Its output is the open buffer of `queue`.
    @exclusivity(unchecked) var reply: Reply
    @exclusivity(unchecked) var queue = ReplyQueue()
    private var sender = ReplySender()
    /// A command that runs elsewhere and has to see this connection's own writes: begins when they are visible.
    var deferred: (() -> Void)?
    var wireProtocol = WireProtocol.undecided
    /// A command runs elsewhere; the ones after it wait.
    @exclusivity(unchecked) var isBlocked = false
    /// The store has no room for the next write; it is still in `input`.
    @exclusivity(unchecked) var waitsForRoom = false
    @exclusivity(unchecked) var isClosing = false
    /// The client has closed its side; what it asked for is still answered.
    var inputEnded = false
    /// The last byte is on its way; only the end of the client's bytes is waited for.
    private var hasEnded = false
    private var linger: Linger?
    /// A WAIT under way.
    var replicaWait: WaitCommand?
    /// The last record of the newest committed batch with a write of this connection.
    @exclusivity(unchecked) var writtenThrough: UInt64 = 0
    /// How many members have the batch that was committed last on their disks, this node included.
    @exclusivity(unchecked) var committedMembers = 1
    var isReading = true
    @exclusivity(unchecked) var isRegisteredWaiting = false

    private var decision = ProtocolDecision()
    /// One of them, once it is known what the client speaks.
    private(set) var commands: RESPRequests?
    private(set) var requests: HTTPRequests?
    /// Whether there is room for this connection, and for what.
    let place: ConnectionRoom.Place
    /// One that is not a client's has no more time than this: others want its place.
    private static let limitedTime = TimeAmount.seconds(2)

    /// A peer's request after which this connection goes on as a stream.
    var stream: StreamRequest?

    // What this pass has done, for the latency histograms.
    @exclusivity(unchecked) var passStart: UInt64 = 0
    @exclusivity(unchecked) var passReads = 0
    @exclusivity(unchecked) var passNow: UInt64 = 0
    /// Reads of the engine on the loop.
    @exclusivity(unchecked) var passEngineReads = 0
    /// Why a key could not be fetched.
    @exclusivity(unchecked) var fetchFailure: StorageError?
    /// What the thread pool is at, and since when.
    var blocking: (since: UInt64, words: [[UInt8]])?

    init(loop: LoopContext, remoteAddress: String, identifier: Int) {
        self.loop = loop
        self.remoteAddress = remoteAddress
        self.identifier = identifier
        place = loop.room.enter()
        reply = Reply(ByteBufferAllocator().buffer(capacity: 1024))
    }

    /// Where replies are written.
    var output: ByteBuffer {
        @inline(__always) _read { yield reply.output }
        @inline(__always) _modify { yield &reply.output }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        if place == .client { return }
        context.eventLoop.assumeIsolated().scheduleTask(in: ConnectionHandler.limitedTime) { [weak self] in
            self?.context?.close(promise: nil)
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        if place == .none { refuse() }
        context.fireChannelActive()
    }

    /// As Redis says it.
    private func refuse() {
        loop.noteRefusal(of: remoteAddress)
        output.writeRESPError("ERR max number of clients reached")
        isClosing = true
        flush()
        // Its descriptor is wanted: it does not wait for the client to end.
        if place == .none { context?.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        loop.remove(self)
        loop.room.leave()
        // Nobody is left to be answered, and what waits to begin must not hold on to this connection.
        queue.removeMarks()
        deferred = nil
        replicaWait?.giveUp()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        loop.counters.bytesReceived.add(bytes.readableBytes)
        if isClosing || hasEnded { return linger?.discard(bytes) ?? () }
        if input.readableBytes == 0 { input = bytes } else { input.appendReusingRoom(&bytes) }
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) { flush() }

    func channelWritabilityChanged(context: ChannelHandlerContext) { resume() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer and the like: nobody is left to be told.
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            inputEnded = true
            if hasEnded { return context.close(promise: nil) }
            replicaWait?.clientEnded()
            process()
            return flush()
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Executes as much of `input` as can be executed now.
    func process() {
        guard !isBlocked, !isClosing, input.readableBytes > 0 || requests?.waitingRequest != nil else { return }
        // Replies that nobody takes must not pile up; the socket says when it takes more.
        guard let context, context.channel.isWritable else { return }
        passStart = Clock.monotonicNanoseconds()
        loop.lastInputAt = passStart
        passNow = Clock.wallMilliseconds()
        passEngineReads = 0
        if wireProtocol == .undecided { decideProtocol() }
        switch wireProtocol {
        case .undecided: break
        case .resp:
            commands?.process()
            if let stream {
                self.stream = nil
                return StreamMove.begin(self, context, for: stream)
            }
        case .http: requests?.process()
        }
        if passReads > 0 {
            loop.tally.recordReads(passReads, nanoseconds: Clock.monotonicNanoseconds() - passStart)
            passReads = 0
        }
        updateReading()
    }

    /// Whether the next command or request may be executed now.
    var goesOn: Bool {
        !isBlocked && !waitsForRoom && !isClosing && unsentBytes < ConnectionHandler.outputBytesMax
    }

    @inline(__always) private var unsentBytes: Int { queue.partBytes + output.readableBytes }

    /// Nothing waits to be sent.
    private var hasSentAll: Bool { queue.marks.isEmpty && unsentBytes == 0 && !sender.isBusy }

    /// Whether the client waits for a reply to what it has asked.
    var hasRepliesDue: Bool { !hasEnded && (isBlocked || waitsForRoom || !hasSentAll) }

    /// Counts the reply that begins at `start` if it is an error.
    @inline(__always)
    func countError(from start: Int) {
        guard output.writerIndex > start, output.getInteger(at: start, as: UInt8.self) == UInt8(ascii: "-") else {
            return
        }
        loop.counters.errors.add(1)
    }

    /// The command stays in `input` and is evaluated anew when the store says so.
    func park() {
        waitsForRoom = true
        if !isRegisteredWaiting {
            isRegisteredWaiting = true
            loop.wait(self)
        }
    }

    /// nil while the shard is not open here.
    func makeSession(isLocked: Bool = false) -> ShardSession? {
        guard let store = loop.state.store, let port = loop.port else { return nil }
        return ShardSession(store, port, now: passNow, isLocked: isLocked, engineReads: passEngineReads)
    }

    /// Sends everything that waits for nothing.
    func flush() {
        if queue.marks.isEmpty, queue.hasNoParts, !sender.isBusy, output.readableBytes <= ReplySender.bytesMax {
            if output.readableBytes > 0, let context { sendOpen(context) }
        } else if queue.marks.isEmpty || !queue.hasNoParts {
            sendPart()
        }
        closeIfDone()
    }

    @inline(__always)
    private func sendOpen(_ context: ChannelHandlerContext) {
        // Taken out: a write calls back when the socket is full, or takes more again, and replies may be added then.
        var ready = ByteBuffer()
        swap(&ready, &output)
        queue.passOver(ready)
        loop.counters.bytesSent.add(ready.readableBytes)
        context.writeAndFlush(wrapOutboundOut(ready), promise: nil)
        guard output.storageCapacity == 0 else { return }
        // When the socket has taken all, the memory is ours alone again, and is used again.
        if ready.storageCapacity <= ConnectionHandler.keptOutputBytesMax {
            swap(&ready, &output)
            output.clear()
        } else {
            output = context.channel.allocator.buffer(capacity: 256)
        }
    }

    /// Sends no more than the socket may have at a time; the rest when that is written.
    func sendPart() {
        guard let context else { return }
        let (parts, bytes) = sender.take(&queue, &output)
        guard bytes > 0 else { return }
        loop.counters.bytesSent.add(bytes)
        for part in parts { context.write(wrapOutboundOut(part), promise: nil) }
        guard sender.handedOver(bytes) else { return context.flush() }
        context.flush(whenWritten: { [self] in
            loop.steps.add { [self] in
                sender.written()
                resume()
            }
        })
    }

    // MARK: Going on

    /// The command that ran elsewhere is done, or has to be evaluated again.
    func goOn() {
        isBlocked = false
        resume()
    }

    /// The command goes on when other connections have had their turn.
    func goOnLater() {
        isBlocked = true
        loop.steps.add { [self] in goOn() }
    }

    /// What may have stood in the way of the next command is gone.
    func resume() {
        updateReading()
        process()
        flush()
    }

    /// Notes what a command has done: its reply, which begins at `start` in the output, waits for the batch.
    @inline(__always)
    func settle(_ effects: inout ShardSession.Effects, replyAt start: Int) {
        if effects.hits > 0 { loop.counters.hits.add(Int(effects.hits)) }
        if effects.misses > 0 { loop.counters.misses.add(Int(effects.misses)) }
        if effects.batch > 0 {
            queue.hold(for: effects.batch, writes: effects.writes, from: start, since: passStart)
            if !isRegisteredWaiting {
                isRegisteredWaiting = true
                loop.wait(self)
            }
        }
        effects = ShardSession.Effects()
    }

    /// Back-pressure: no more bytes are taken from the socket than can be worked on.
    func updateReading() {
        guard let context else { return }
        let wanted =
            hasEnded
            || !isBlocked && !waitsForRoom && unsentBytes < ConnectionHandler.outputBytesMax
                && context.channel.isWritable
        if wanted == isReading { return }
        isReading = wanted
        context.channel.setOption(.autoRead, value: wanted).assumeIsolated().whenFailure { [weak self] _ in
            self?.context?.close(promise: nil)
        }
    }

    /// The client of this connection must not see the rest: the connection ends when what is due has been sent.
    func closeAfterReplies() { isClosing = true }

    /// The client speaks neither RESP nor HTTP/1: nothing is answered, and nothing that was sent or still comes is executed.
    func endForOtherProtocol() {
        isClosing = true
        loop.noteOtherProtocol(from: remoteAddress)
    }

    /// Ends the connection when nothing is due any more.
    private func closeIfDone() {
        guard isClosing || inputEnded, !hasEnded, !isBlocked, !waitsForRoom, hasSentAll, let context else { return }
        // What the client has sent is answered to the end; the rest of it waits for the socket to take replies.
        guard isClosing || context.channel.isWritable else { return }
        hasEnded = true
        // `close` itself would drop what the socket did not take yet.
        context.flush(whenWritten: { [self] in endOutput() })
    }

    private func endOutput() {
        guard let context else { return }
        if inputEnded { return context.close(promise: nil) }
        linger = Linger(context.channel)
        input = ByteBuffer()
        updateReading()
    }

    private func decideProtocol() {
        switch decision.decide(input) {
        case .open: break
        case .resp:
            if place == .limited, !StreamRequest.canBegin(input) { return refuse() }
            wireProtocol = .resp
            commands = RESPRequests(self)
        case .http:
            wireProtocol = .http
            requests = HTTPRequests(self)
        case .unknown: isClosing = true
        case .foreign: endForOtherProtocol()
        }
    }
}
