import NIOCore

/// One end of a connection in simulated time: a real pipeline of handlers, whose bytes go over a `Connection`.
final class SimulatedChannel: Channel, ChannelCore, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    let loop: SimulatedLoop
    let allocator = ByteBufferAllocator()
    private(set) lazy var pipeline = ChannelPipeline(channel: self)
    private let closePromise: MortalPromise<Void>
    /// Where the bytes go; nil while it is being connected, and once the process has died.
    private var transmit: ((ByteBuffer) -> Void)?
    private var onClose: (() -> Void)?
    private var unflushed: [ByteBuffer] = []
    private(set) var isOpen = true
    private(set) var isActive = false

    init(loop: SimulatedLoop) {
        self.loop = loop
        closePromise = loop.makeMortalPromise()
    }

    /// It is connected from now on.
    /// - Parameters:
    ///   - transmit: takes what is flushed.
    ///   - onClose: this end was closed.
    func activate(transmit: @escaping (ByteBuffer) -> Void, onClose: @escaping () -> Void) {
        self.transmit = transmit
        self.onClose = onClose
        isActive = true
        pipeline.syncOperations.fireChannelActive()
    }

    func receive(_ bytes: ByteBuffer) {
        guard isOpen else { return }
        pipeline.syncOperations.fireChannelRead(NIOAny(bytes))
        pipeline.syncOperations.fireChannelReadComplete()
    }

    /// The other end closed, or the network says that it is gone.
    func closeByPeer() { close0(error: ChannelError.eof, mode: .all, promise: nil) }

    /// Its process has died: nothing is told to anybody, and nothing holds it any more.
    func tearDown() {
        transmit = nil
        onClose = nil
        guard isOpen else { return }
        isOpen = false
        isActive = false
        removeHandlers(pipeline: pipeline)
    }

    // MARK: Channel

    var eventLoop: any EventLoop { loop }
    var closeFuture: EventLoopFuture<Void> { closePromise.futureResult }
    var localAddress: SocketAddress? { nil }
    var remoteAddress: SocketAddress? { nil }
    var parent: (any Channel)? { nil }
    var isWritable: Bool { true }
    var _channelCore: any ChannelCore { self }
    var syncOptions: (any NIOSynchronousChannelOptions)? { nil }

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> EventLoopFuture<Void> {
        loop.makeFailedFuture(ChannelError.operationUnsupported)
    }

    func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
        loop.makeFailedFuture(ChannelError.operationUnsupported)
    }

    // MARK: ChannelCore

    func write0(_ data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard isOpen else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        unflushed.append(unwrapData(data, as: ByteBuffer.self))
        promise?.succeed(())
    }

    func flush0() {
        guard isOpen, !unflushed.isEmpty else { return }
        var bytes = ByteBuffer()
        for var part in unflushed { bytes.writeBuffer(&part) }
        unflushed = []
        transmit?(bytes)
    }

    func close0(error: any Error, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard isOpen else {
            promise?.fail(ChannelError.alreadyClosed)
            return
        }
        isOpen = false
        isActive = false
        unflushed = []
        let told = onClose
        transmit = nil
        onClose = nil
        told?()
        promise?.succeed(())
        pipeline.syncOperations.fireChannelInactive()
        // Later: whoever closed it may still be on its way through the pipeline.
        loop.execute { [self] in
            removeHandlers(pipeline: pipeline)
            closePromise.keep {}
        }
    }

    func localAddress0() throws -> SocketAddress { throw ChannelError.operationUnsupported }
    func remoteAddress0() throws -> SocketAddress { throw ChannelError.operationUnsupported }
    func register0(promise: EventLoopPromise<Void>?) { promise?.succeed(()) }
    func registerAlreadyConfigured0(promise: EventLoopPromise<Void>?) { promise?.succeed(()) }
    func bind0(to: SocketAddress, promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }
    func connect0(to: SocketAddress, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }
    func read0() {}
    func triggerUserOutboundEvent0(_ event: Any, promise: EventLoopPromise<Void>?) {
        promise?.fail(ChannelError.operationUnsupported)
    }
    func channelRead0(_ data: NIOAny) {}
    func errorCaught0(error: any Error) {}
}
