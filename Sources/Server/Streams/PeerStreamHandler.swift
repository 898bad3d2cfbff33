import Logging
import Model
import NIOCore
import Replication
import Storage

/// The leader's end of one follower's connection: executes what `LeaderFollowerMachine` decides.
///
/// It owns a pin on the log, a snapshot, an observer of the store and a timer. All of them end with the connection, or with
/// `end`, whichever comes first.
package final class PeerStreamHandler: ChannelInboundHandler, FollowerStream, @unchecked Sendable {
    // Sendable: confined to its channel's event loop; work off the loop gets its own references, and what leadership
    // calls hops to the loop.
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    /// Log this near to its end was just written and comes from the page cache: read on the loop, without a hop.
    private static let hotBytes: UInt64 = 1 << 20

    private let store: any StreamedStore
    private let host: any PeerStreamHost
    private let clock: NodeClock
    private let planted: PlantedBugs
    private let hello: PeerHello
    private let logger: Logger
    private var machine: LeaderFollowerMachine
    private var parser = PeerFrameParser(sender: .follower)
    private var context: ChannelHandlerContext?
    private var reader: (any LogBatches)?
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

    /// - Parameters:
    ///   - host: its loop is the connection's.
    ///   - hello: what the follower said, to be answered with `+OK` first.
    package init(
        store: any StreamedStore,
        host: any PeerStreamHost,
        hello: PeerHello,
        identity: LeaderFollowerMachine.Identity,
        environment: DriverEnvironment = .system
    ) {
        self.store = store
        self.host = host
        self.hello = hello
        clock = environment.clock
        planted = environment.planted
        logger = host.logger
        machine = LeaderFollowerMachine(identity: identity, now: clock.monotonic(), planted: planted)
        wakeUp = CoalescedWake(host.eventLoop)
        leadership = host.leadership
        term = identity.term
    }

    /// Starts the stream; the `+OK` is on its way.
    package func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        host.add(self)
        wakeUp.body = { [weak self] in self?.handle(.logAdvanced) }
        observer = store.observe { [wakeUp] in wakeUp.signal() }
        let period = TimeAmount.milliseconds(Int64(ReplicationLimits.heartbeatPeriod))
        ticker = context.eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { [weak self] _ in
            self?.handle(.tick)
        }
        let known = max(hello.term, hello.position.term)
        if known > term { leadership?.handle(.higherTermSeen(known)) }
        link = leadership?.attach(self, member: hello.member, term: term)
        handle(.hello(hello, terms: store.logTerms))
    }

    package func handlerRemoved(context: ChannelHandlerContext) { cleanUp() }

    package func channelInactive(context: ChannelHandlerContext) {
        cleanUp()
        context.fireChannelInactive()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(unwrapInboundIn(data)) }

    package func receive(_ buffer: ByteBuffer) {
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

    package func allowSnapshot() { host.eventLoop.execute { self.handle(.snapshotAllowed) } }

    package func tell(_ record: SeenRecord) { host.eventLoop.execute { self.handle(.leaderChanged(record)) } }

    package func channelWritabilityChanged(context: ChannelHandlerContext) {
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
        let state = store.logState
        for action in machine.handle(event, log: state, now: clock.monotonic()) { execute(action) }
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
            if let pin { store.movePin(pin, after: sequence) } else { pin = store.pinStream(after: sequence) }
        case .close(let reason):
            logger.info("replica stream ends", metadata: ["replica": "\(hello.address)", "reason": "\(reason)"])
            context?.close(promise: nil)
        }
    }

    private func write(_ buffer: ByteBuffer) {
        context?.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    private func readLog(_ after: Position, _ maxBytes: Int) {
        let store = self.store
        let end = store.logState.endOffset
        let isHot = store.logOffset(ofSequence: after.sequence).map { end < $0 + PeerStreamHandler.hotBytes } ?? false
        let current = reader?.position == after ? reader : nil
        let read: @Sendable () -> Result<LogRead, StorageError> = { LogRead.read(store, current, after, maxBytes) }
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

    /// Off the loop, with the store's files kept open.
    private func run<T: Sendable>(
        _ work: @escaping @Sendable () -> Result<T, StorageError>
    ) -> EventLoopFuture<Result<T, StorageError>> {
        let store = self.store
        return host.offLoop {
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
            if planted.contains(.snapshotPinLetGo) { letGoOfLog() }
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

    /// The store closes, or leadership is over. On the loop.
    package func end() {
        if planted.contains(.streamOutlivesStop) { return }
        context?.close(promise: nil)
        cleanUp()
    }

    private func cleanUp() {
        context = nil
        if let link { leadership?.handle(.followerDetached(link: link)) }
        link = nil
        host.remove(self)
        ticker?.cancel()
        ticker = nil
        if let observer { store.unobserve(observer) }
        observer = nil
        letGoOfLog()
        snapshot?.close()
        snapshot = nil
        reader = nil
    }

    private func letGoOfLog() {
        if let pin { store.unpinStream(pin) }
        pin = nil
    }
}
