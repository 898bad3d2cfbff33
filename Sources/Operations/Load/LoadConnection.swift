import Glibc
import Model
import NIOCore
import NIOPosix
import Server

/// One connection of the load: sends a batch, waits for all its answers, sends the next. Confined to its event loop.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// 25 attempts of 200 ms: a node that is being restarted gets 5 s before the benchmark gives up.
    private static let attemptsMax = 25
    private static let attemptPause = TimeAmount.milliseconds(200)

    private let worker: LoadWorker
    let leader: Int
    private let address: NodeAddress
    private let writing: LoadRequest
    private let reading: LoadRequest
    private var scanner: LoadAnswerScanner
    private var channel: (any Channel)?
    private var attempts = 0
    private var outgoing = ByteBuffer()
    private var incoming = ByteBuffer()
    /// The key numbers of the batch in flight, in order; `answered` of them have been.
    private var batch: [Int] = []
    private var answered = 0
    private var sentAt: UInt64 = 0

    init(worker: LoadWorker, leader: Int, address: NodeAddress) {
        self.worker = worker
        self.leader = leader
        self.address = address
        writing = .write(worker.options.wire, to: address, value: worker.value)
        reading = .read(worker.options.wire, from: address)
        scanner = LoadAnswerScanner(wire: worker.options.wire, address: address)
        batch.reserveCapacity(worker.options.pipeline)
    }

    func open() -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        return ClientBootstrap(group: worker.loop)
            .connectTimeout(ClientLimits.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .connect(host: address.host, port: Int(address.port))
            .flatMapErrorThrowing { [address] in throw LoadFailure.clientError($0, address: address) }
            .map { _ in }
    }

    /// Tries again after a failure, as often as after a lost connection.
    func openOrRetry() {
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        open().assumeIsolated().whenFailure { _ in bound.value.reopen() }
    }

    func close() {
        channel?.close(promise: nil)
    }

    /// Sends the next batch, or waits in the worker's car park until there is something to send.
    func sendBatch() {
        guard let channel, channel.isActive, batch.isEmpty else { return }
        let count = worker.hasKeys(of: leader) ? worker.take(worker.options.pipeline) : 0
        guard count > 0 else { return worker.park(self) }
        outgoing.clear()
        for _ in 0..<count {
            guard let number = worker.keys.choose(leader: leader, in: worker.topology) else { break }
            request().append(to: &outgoing, digits: worker.keys.currentDigits)
            batch.append(number)
        }
        if batch.count < count { worker.giveBack(count - batch.count) }
        guard !batch.isEmpty else { return worker.park(self) }
        answered = 0
        sentAt = LoadWorker.clock()
        channel.writeAndFlush(outgoing, promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        channel = context.channel
        attempts = 0
        incoming.clear()
        scanner = LoadAnswerScanner(wire: worker.options.wire, address: address)
        guard !worker.isStopped else { return context.close(promise: nil) }
        sendBatch()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if incoming.readableBytes == 0 {
            incoming = unwrapInboundIn(data)
        } else {
            var more = unwrapInboundIn(data)
            incoming.writeBuffer(&more)
        }
        let before = answered
        var redirected = 0
        do {
            try takeAnswers(&redirected)
        } catch {
            worker.tally.fail("unreadable answer: \(error.message)")
            context.close(promise: nil)
        }
        let now = answered - before
        guard now > 0 else { return }
        worker.tally.record(now, redirected: redirected, sentAt: sentAt, now: LoadWorker.clock())
        let isComplete = answered == batch.count
        if isComplete { batch.removeAll(keepingCapacity: true) }
        worker.settled(now)
        if isComplete { sendBatch() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        channel = nil
        let lost = batch.count - answered
        batch.removeAll(keepingCapacity: true)
        answered = 0
        if lost > 0 {
            worker.tally.fail("connection lost", count: lost)
            worker.settled(lost)
        }
        if !worker.isStopped { reopen() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func takeAnswers(_ redirected: inout Int) throws(ClientError) {
        while answered < batch.count {
            let next = try incoming.withUnsafeReadableBytes { bytes in
                Result { () throws(ClientError) in try scanner.next(bytes) }
            }.get()
            guard let next else { return }
            incoming.moveReaderIndex(forwardBy: next.length)
            switch next.answer {
            case .done: break
            case .miss: worker.tally.misses += 1
            case .error(let kind): worker.tally.fail(kind)
            case .redirect(let target):
                if worker.sendsAgain(key: batch[answered], from: leader, to: target) { redirected += 1 }
            }
            answered += 1
        }
    }

    private func reopen() {
        guard !worker.isStopped else { return }
        attempts += 1
        let bound = NIOLoopBound(self, eventLoop: worker.loop)
        guard worker.isPatient || attempts <= Self.attemptsMax else {
            return worker.gaveUp(
                ClientError(.unreachable, "\(address) is gone in the middle of the load: see `shoal status`")
            )
        }
        worker.loop.assumeIsolated().scheduleTask(in: Self.attemptPause) {
            let connection = bound.value
            guard !connection.worker.isStopped else { return }
            connection.openOrRetry()
        }
    }

    private func request() -> LoadRequest {
        switch worker.work {
        case .writes: writing
        case .reads: reading
        case .mixed(let percent): Int(worker.keys.random() % 100) < percent ? writing : reading
        }
    }
}
