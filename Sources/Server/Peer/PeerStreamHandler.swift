import Logging
import NIOCore
import NIOPosix
import Replication
import Routing
import Storage

/// The leader's end of one follower's connection: executes what `LeaderFollowerMachine` decides.
final class PeerStreamHandler: ChannelInboundHandler, FollowerStream, @unchecked Sendable {
    // Sendable: confined to its channel's event loop; work on the pool gets its own references, and what leadership
    // calls hops to the loop.
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Log this near to its end was just written and comes from the page cache: read on the loop, without a hop.
    private static let hotBytes: UInt64 = 1 << 20

    private let store: ShardStore
    private let loop: LoopContext
    private let hello: PeerHello
    private let logger: Logger
    private var machine: LeaderFollowerMachine
    private var parser = PeerFrameParser(sender: .follower)
    private var context: ChannelHandlerContext?
    private var reader: LogReader?
    private var pin: UInt64?
    private var snapshot: SnapshotStream?
    private var observer: Int?
    private var ticker: RepeatedTask?
    private let wakeUp: CoalescedWake
    private let leadership: (any ShardLeadership)?
    /// This stream's number with the leadership.
    private var link: UInt64?
    private var hasSaidLeaving = false
    private let term: UInt64

    init(store: ShardStore, loop: LoopContext, hello: PeerHello, identity: LeaderFollowerMachine.Identity) {
        self.store = store
        self.loop = loop
        self.hello = hello
        logger = loop.logger
        machine = LeaderFollowerMachine(identity: identity, now: Clock.monotonicMilliseconds())
        wakeUp = CoalescedWake(loop.eventLoop)
        leadership = loop.state.leadership
        term = identity.term
    }

    /// Starts the stream; the `+OK` is on its way.
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        wakeUp.body = { [weak self] in self?.handle(.logAdvanced) }
        observer = store.observe { [wakeUp] in wakeUp.signal() }
        let period = TimeAmount.milliseconds(Int64(ReplicationLimits.heartbeatPeriod))
        ticker = context.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { [weak self] _ in
            self?.handle(.tick)
        }
        let known = max(hello.term, hello.position.term)
        if known > term { leadership?.handle(.higherTermSeen(known)) }
        link = leadership?.attach(self, member: hello.member, term: term)
        handle(.hello(hello, terms: TermIndex(of: store.log)))
    }

    func handlerRemoved(context: ChannelHandlerContext) { cleanUp() }

    func channelInactive(context: ChannelHandlerContext) {
        cleanUp()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }

    func receive(_ buffer: ByteBuffer) {
        buffer.withUnsafeReadableBytes { parser.append($0) }
        do throws(ReplicationError) {
            while let frame = try parser.next() {
                handle(.frame(frame))
                report(frame)
            }
        } catch {
            logger.warning("a replica sent junk", metadata: ["replica": "\(hello.address)", "reason": "\(error)"])
            context?.close(promise: nil)
        }
    }

    /// What the frame says about the follower's disk.
    private func report(_ frame: PeerFrame) {
        guard let link, let leadership else { return }
        leadership.handle(.followerAcknowledged(link: link, position: machine.replicated))
        if case .acknowledge(let answer) = frame, answer.isLeaving, !hasSaidLeaving {
            hasSaidLeaving = true
            leadership.handle(.followerLeaving(link: link))
        }
    }

    func allowSnapshot() { loop.eventLoop.execute { self.handle(.snapshotAllowed) } }

    func tell(_ record: SeenRecord) { loop.eventLoop.execute { self.handle(.leaderChanged(record)) } }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        handle(.writabilityChanged(context.channel.isWritable))
    }

    /// The follower as INFO tells of it. On the loop.
    func info(now: UInt64) -> InfoFields.Replica? {
        guard let address = try? NodeAddress(hello.address) else { return nil }
        return InfoFields.Replica(
            address: address,
            isOnline: !machine.isSendingSnapshot,
            sequence: machine.acknowledged.sequence,
            lagSeconds: (now - min(now, machine.lastHeard)) / 1000
        )
    }

    private func handle(_ event: LeaderFollowerMachine.Event) {
        guard context != nil else { return }
        let log = store.log
        let commit = store.lock.withLock { store.commitPosition.sequence }
        let isLeaseValid = store.lease.isValid
        let state = LeaderFollowerMachine.LogState(
            start: log.start,
            end: log.syncedEnd,
            commitSequence: commit,
            endOffset: log.endOffset,
            isLeaseValid: isLeaseValid
        )
        for action in machine.handle(event, log: state, now: Clock.monotonicMilliseconds()) { execute(action) }
    }

    private func execute(_ action: LeaderFollowerMachine.Action) {
        switch action {
        case .send(let frame):
            var bytes: [UInt8] = []
            frame.encode(into: &bytes)
            write(ByteBuffer(bytes: bytes))
        case .readLog(let after, let maxBytes): readLog(after, maxBytes)
        case .askForSnapshot:
            if let link, let leadership {
                leadership.handle(.followerNeedsSnapshot(link: link))
            } else {
                // Without a coordinator nobody but the leader is in the in-sync set.
                handle(.snapshotAllowed)
            }
        case .startSnapshot: startSnapshot()
        case .sendChunks(let maxBytes): sendChunks(maxBytes)
        case .pinLog(let sequence):
            if let pin { store.log.movePin(pin, to: sequence) } else { pin = store.log.pin(sequence) }
        case .close(let reason):
            logger.info("replica stream ends", metadata: ["replica": "\(hello.address)", "reason": "\(reason)"])
            context?.close(promise: nil)
        }
    }

    private func write(_ buffer: ByteBuffer) {
        context?.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func readLog(_ after: Position, _ maxBytes: Int) {
        let log = store.log
        let isHot =
            log.offset(ofSequence: after.sequence).map { log.endOffset < $0 + PeerStreamHandler.hotBytes } ?? false
        let current = reader?.position == after ? reader : nil
        let read: @Sendable () -> Result<LogRead, StorageError> = { LogRead.read(log, current, after, maxBytes) }
        if isHot { return finishRead(read()) }
        guard context != nil else { return }
        run(read).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .success(let outcome): finishRead(outcome)
            case .failure: self.context?.close(promise: nil)
            }
        }
    }

    private func finishRead(_ outcome: Result<LogRead, StorageError>) {
        switch outcome {
        case .failure(let error) where error.code == .outOfRange:
            reader = nil
            handle(.logUnavailable)
        case .failure(let error):
            logger.error("the log can't be read", metadata: ["reason": "\(error)"])
            context?.close(promise: nil)
        case .success(let read):
            reader = read.reader
            for batch in read.batches {
                context?.write(
                    wrapOutboundOut(ByteBuffer(bytes: PeerFrame.batchHeader(length: batch.bytes.count))),
                    promise: nil
                )
                context?.write(wrapOutboundOut(ByteBuffer(bytes: batch.bytes)), promise: nil)
            }
            context?.flush()
            handle(.batchesSent(end: read.reader.position, bytes: read.bytes))
        }
    }

    /// On the pool, with the store's files kept open.
    private func run<T: Sendable>(
        _ work: @escaping @Sendable () -> Result<T, StorageError>
    ) -> EventLoopFuture<Result<T, StorageError>> {
        let store = self.store
        return loop.threadPool.runIfActive(eventLoop: loop.eventLoop) {
            guard store.beginUse() else { return .failure(StorageError(.closed, "the shard is stopping")) }
            defer { store.endUse() }
            return work()
        }
    }

    private func startSnapshot() {
        guard context != nil else { return }
        let store = self.store
        let open: @Sendable () -> Result<SnapshotStream, StorageError> = { SnapshotStream.open(store) }
        run(open).assumeIsolated().whenComplete { [self] result in
            guard case .success(.success(let stream)) = result else {
                if case .success(.failure(let error)) = result { handle(.snapshotFailed(error.message)) }
                return
            }
            guard self.context != nil else { return stream.close() }
            snapshot = stream
            let total = stream.total
            handle(
                .snapshotOpened(position: stream.position, keys: total.keys, bytes: total.bytes, owned: stream.owned)
            )
        }
    }

    private func sendChunks(_ maxBytes: Int) {
        guard context != nil, let stream = snapshot else { return }
        let next: @Sendable () -> Result<SnapshotStream.Part, StorageError> = { stream.next(maxBytes: maxBytes) }
        run(next).assumeIsolated().whenComplete { [self] result in
            guard case .success(.success(let part)) = result else {
                if case .success(.failure(let error)) = result { handle(.snapshotFailed(error.message)) }
                return
            }
            guard self.context != nil else { return }
            for chunk in part.chunks {
                self.context?.write(
                    wrapOutboundOut(ByteBuffer(bytes: PeerFrame.snapshotChunkHeader(length: chunk.bytes.count))),
                    promise: nil
                )
                self.context?.write(wrapOutboundOut(ByteBuffer(bytes: chunk.bytes)), promise: nil)
            }
            self.context?.flush()
            if part.end != nil {
                stream.close()
                snapshot = nil
            }
            handle(
                .chunksSent(
                    keys: part.keys,
                    bytes: part.bytes,
                    isLast: part.end != nil,
                    position: part.end,
                    owned: part.owned
                )
            )
        }
    }

    /// The store closes.
    func end() {
        context?.close(promise: nil)
        cleanUp()
    }

    private func cleanUp() {
        context = nil
        if let link { leadership?.handle(.followerDetached(link: link)) }
        link = nil
        loop.remove(self)
        ticker?.cancel()
        ticker = nil
        if let observer { store.unobserve(observer) }
        observer = nil
        if let pin { store.log.unpin(pin) }
        pin = nil
        snapshot?.close()
        snapshot = nil
        reader = nil
    }
}
