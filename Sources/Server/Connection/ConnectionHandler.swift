import NIOCore
import Replication
import Resharding
import Storage

/// One connection of any protocol: reads, decodes and executes synchronously, and keeps replies in order.
///
/// All replies go to `output` in the order of the commands. Those that wait for a commit are held back by a mark: what
/// stands after the first mark is sent when that mark's batch is durable. So a reply costs no bookkeeping of its own.
final class ConnectionHandler: ChannelInboundHandler, RemovableChannelHandler, @unchecked Sendable {
    // Sendable: confined to its channel's event loop.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum WireProtocol {
        /// Nothing understood yet: the first bytes decide (docs/protocol.md, One address).
        case undecided, resp, http
    }

    /// From `offset` in the output on, replies wait for batch `number`.
    struct Mark {
        var number: UInt64
        var offset: Int
        var since: UInt64
        var writes: Int
        /// Replies from here to the next mark, for telling each of them when the commit fails.
        var replies = 0
    }

    /// Unsent replies beyond this stop the reading: a client that doesn't read must not fill our memory.
    static let outputBytesMax = 32 << 20
    /// Memory that a connection keeps for its next replies: those of a pipeline fit.
    private static let keptOutputBytesMax = 16 << 10
    /// A first line longer than this is no HTTP and no sensible inline command.
    static let firstLineMax = 64 << 10

    let loop: LoopContext
    let remoteAddress: String
    let identifier: Int
    var context: ChannelHandlerContext?
    @exclusivity(unchecked) var input = ByteBuffer()
    @exclusivity(unchecked) var reply: Reply
    @exclusivity(unchecked) var marks: [Mark] = []
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
    var hasEnded = false
    var discardedBytes = 0
    /// A WAIT under way.
    var replicaWait: PendingWait?
    /// The last record of the newest committed batch with a write of this connection.
    @exclusivity(unchecked) var writtenThrough: UInt64 = 0
    /// How many members have the batch that was committed last on their disks, this node included.
    @exclusivity(unchecked) var committedMembers = 1
    var isReading = true
    @exclusivity(unchecked) var isRegisteredWaiting = false

    // Protocol state.
    /// How many bytes of the first line are known to have no newline.
    private var firstLineSearched = 0
    /// One of them, once it is known what the client speaks.
    private(set) var commands: RESPRequests?
    private(set) var requests: HTTPRequests?

    /// A follower's request that turns this connection into a peer stream.
    var replication: (hello: PeerHello, store: ShardStore)?
    /// A target's, that turns it into the stream of a move.
    var migration: (hello: MigrationHello, resharding: any ShardResharding)?

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
        reply = Reply(ByteBufferAllocator().buffer(capacity: 1024))
    }

    /// All replies that wait to be sent.
    var output: ByteBuffer {
        @inline(__always) _read { yield reply.output }
        @inline(__always) _modify { yield &reply.output }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        loop.remove(self)
        // Nobody is left to be answered, and what waits to begin must not hold on to this connection.
        marks = []
        deferred = nil
        giveUpWait()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        loop.counters.bytesReceived.add(bytes.readableBytes)
        if isClosing || hasEnded { return discard(bytes) }
        if input.readableBytes == 0 { input = bytes } else { input.appendReusingRoom(&bytes) }
        process()
    }

    func channelReadComplete(context: ChannelHandlerContext) { flush() }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        updateReading()
        process()
        flush()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset by the peer and the like: nobody is left to be told.
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed = event {
            inputEnded = true
            if hasEnded { return context.close(promise: nil) }
            if let replicaWait, replicaWait.timer == nil { endWait() }
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
            if replication != nil { return switchToReplication() }
            if migration != nil { return switchToMigration() }
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
        !isBlocked && !waitsForRoom && !isClosing && output.readableBytes < ConnectionHandler.outputBytesMax
    }

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
        if marks.isEmpty, output.readableBytes > 0, let context {
            send(output, context)
            // When the socket has taken all, the memory is ours alone again, and is used again.
            if output.storageCapacity <= ConnectionHandler.keptOutputBytesMax {
                output.clear()
            } else {
                output = context.channel.allocator.buffer(capacity: 256)
            }
        }
        closeIfDone()
    }

    func send(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        loop.counters.bytesSent.add(bytes.readableBytes)
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    /// Notes what a command has done: its reply, which begins at `start` in the output, waits for the batch.
    @inline(__always)
    func settle(_ effects: inout ShardSession.Effects, replyAt start: Int) {
        if effects.hits > 0 { loop.counters.hits.add(Int(effects.hits)) }
        if effects.misses > 0 { loop.counters.misses.add(Int(effects.misses)) }
        if effects.batch > 0 { hold(for: effects.batch, writes: effects.writes, from: start) }
        effects = ShardSession.Effects()
    }

    /// Everything from that place in the output on waits for batch `number`.
    @inline(__always)
    private func hold(for number: UInt64, writes: Int, from offset: Int) {
        if let last = marks.indices.last, marks[last].number >= number {
            marks[last].writes += writes
            return
        }
        marks.append(Mark(number: number, offset: offset, since: passStart, writes: writes))
        if !isRegisteredWaiting {
            isRegisteredWaiting = true
            loop.wait(self)
        }
    }

    /// One reply more stands after the newest mark, if there is one.
    @inline(__always)
    func countReply() {
        if let last = marks.indices.last { marks[last].replies += 1 }
    }

    /// Back-pressure: no more bytes are taken from the socket than can be worked on.
    func updateReading() {
        guard let context else { return }
        let wanted =
            hasEnded
            || !isBlocked && !waitsForRoom && output.readableBytes < ConnectionHandler.outputBytesMax
                && context.channel.isWritable
        if wanted == isReading { return }
        isReading = wanted
        context.channel.setOption(.autoRead, value: wanted).assumeIsolated().whenFailure { [weak self] _ in
            self?.context?.close(promise: nil)
        }
    }

    private func decideProtocol() {
        guard let first = input.getInteger(at: input.readerIndex, as: UInt8.self) else { return }
        if first == UInt8(ascii: "*") {
            adopt(.resp)
            return
        }
        if first == 0x16 {
            // A TLS hello: this node has no certificate, and an answer in clear text would only confuse.
            isClosing = true
            return
        }
        guard CrossProtocolGuard.canBegin(with: first) else { return endForOtherProtocol() }
        let line = input.readableBytesView
        guard let end = line.dropFirst(firstLineSearched).firstIndex(of: 10) else {
            firstLineSearched = line.count
            if firstLineSearched > ConnectionHandler.firstLineMax { isClosing = true }
            return
        }
        let text = line[line.startIndex..<end]
        let trimmed = text.last == 13 ? text.dropLast() : text
        let isHTTP = trimmed.count > 9 && trimmed.suffix(8).dropLast().elementsEqual("HTTP/1.".utf8)
        adopt(isHTTP ? .http : .resp)
    }

    private func adopt(_ decided: WireProtocol) {
        wireProtocol = decided
        if decided == .http { requests = HTTPRequests(self) } else { commands = RESPRequests(self) }
    }
}
