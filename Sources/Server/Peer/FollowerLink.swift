import Logging
import NIOCore
import NIOPosix
import Replication
import Routing
import Storage
import Synchronization

/// A replica's connection to its leader: executes what `FollowerMachine` decides.
///
/// The machine lives on one event loop; storage work runs on a thread of its own, one action after the other. Its clock is
/// the boot-time clock: data gets older while the machine sleeps, too.
package final class FollowerLink: @unchecked Sendable {
    // Sendable: everything mutable is confined to `eventLoop`, except `published`, which has its own lock.
    private struct Published {
        var report = FollowerReport(state: .disconnected, message: "looking for the leader")
        var lag = FollowerLag(milliseconds: 0, entries: 0, bytes: 0)
        var staleness: UInt64?
        var readAt: UInt64 = 0
    }

    private let eventLoop: any EventLoop
    private var leader: NodeAddress
    private let storage: FollowerStorage
    private let logger: Logger
    private let onReport: @Sendable (FollowerReport) -> Void
    private let onLeaderChanged: @Sendable (SeenRecord) -> Void
    private var machine: FollowerMachine
    private var channel: (any Channel)?
    private var ticker: RepeatedTask?
    private var isStopped = false
    private var scheduledTry: UInt64?
    private let published = Mutex(Published())

    /// - Parameters:
    ///   - onReport: called on the link's loop whenever the state changes.
    ///   - onLeaderChanged: called on the link's loop when the leader says who leads now.
    package init(
        eventLoop: any EventLoop,
        leader: NodeAddress,
        store: ShardStore,
        identity: FollowerMachine.Identity,
        needsSnapshot: Bool,
        logger: Logger,
        onReport: @escaping @Sendable (FollowerReport) -> Void,
        onLeaderChanged: @escaping @Sendable (SeenRecord) -> Void = { _ in }
    ) {
        self.eventLoop = eventLoop
        self.leader = leader
        self.logger = logger
        self.onReport = onReport
        self.onLeaderChanged = onLeaderChanged
        storage = FollowerStorage(store: store, eventLoop: eventLoop)
        let commit = store.lock.withLock { store.commitPosition }
        machine = FollowerMachine(
            identity: identity,
            disk: FollowerMachine.Disk(
                terms: TermIndex(of: store.log),
                commitSequence: commit.sequence,
                appliedSequence: commit.sequence,
                needsSnapshot: needsSnapshot
            ),
            now: Clock.bootMilliseconds()
        )
    }

    package func start() {
        eventLoop.execute {
            self.storage.deliver = { event in self.handle(event) }
            let period = TimeAmount.milliseconds(Int64(ReplicationLimits.heartbeatPeriod))
            self.ticker = self.eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: period) { _ in
                self.handle(.tick)
            }
        }
    }

    /// Follows another leader from now on. Any thread.
    package func follow(_ leader: NodeAddress, term: UInt64) {
        eventLoop.execute {
            self.leader = leader
            self.handle(.follow(term: term))
        }
    }

    /// Says with every acknowledgement from now on that this replica is going to stop. Any thread.
    package func leave() { eventLoop.execute { self.handle(.leave) } }

    /// Ends the connection and waits for storage work under way. Blocks; not for event loops.
    package func stop() {
        let stopped = eventLoop.submit {
            self.isStopped = true
            self.ticker?.cancel()
            self.channel?.close(promise: nil)
            self.channel = nil
        }
        // The loop outlives every node; an error could only mean that it is gone, and the link with it.
        try? stopped.wait()
        storage.stop()
    }

    /// State, lag and age of the data as of now. Any thread.
    package func standing() -> (report: FollowerReport, lag: FollowerLag, staleness: UInt64?) {
        let now = Clock.bootMilliseconds()
        return published.withLock { state in
            // What the loop published ages until it publishes again, also while the loop is stalled.
            let age = now - min(now, state.readAt)
            return (state.report, state.lag, state.staleness.map { $0 + age })
        }
    }

    private func handle(_ event: FollowerMachine.Event) {
        guard !isStopped else { return }
        let now = Clock.bootMilliseconds()
        for action in machine.handle(event, now: now) { execute(action) }
        storage.run()
        tryAgainInTime(now)
        let lag = machine.lag(now: now)
        let staleness = machine.stalenessMilliseconds(now: now)
        published.withLock { state in
            state.lag = lag
            state.staleness = staleness
            state.readAt = now
        }
    }

    /// Ticks are far apart for a leader that is just about to begin.
    private func tryAgainInTime(_ now: UInt64) {
        guard let due = machine.nextTry, due != scheduledTry else { return }
        scheduledTry = due
        eventLoop.scheduleTask(in: .milliseconds(Int64(due > now ? due - now : 0))) { self.handle(.tick) }
    }

    private func execute(_ action: FollowerMachine.Action) {
        switch action {
        case .connect(let link): connect(link)
        case .greet(let hello): send(command: [Array(PeerHello.command.utf8)] + hello.arguments)
        case .send(let frame):
            var bytes: [UInt8] = []
            frame.encode(into: &bytes)
            channel?.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
        case .append(let batch): storage.add(.append(batch))
        case .advanceCommit(let sequence): storage.add(.advanceCommit(sequence))
        case .truncate(let after): storage.add(.truncate(after))
        case .beginSnapshot: storage.add(.beginSnapshot)
        case .installChunk(let chunk): storage.add(.installChunk(chunk))
        case .finishSnapshot(let position, let owned): storage.add(.finishSnapshot(position, owned))
        case .leaderChanged(let record): onLeaderChanged(record)
        case .report(let report): publish(report)
        case .disconnect: drop()
        case .fail(let reason):
            publish(FollowerReport(state: .failed, message: reason))
            drop()
        }
    }

    private func publish(_ report: FollowerReport) {
        let previous = published.withLock { state in
            let previous = state.report
            state.report = report
            return previous
        }
        if previous.state != report.state {
            logger.info("replication", metadata: ["state": "\(report.state)", "reason": "\(report.message)"])
        }
        onReport(report)
    }

    private func drop() {
        let closing = channel
        channel = nil
        closing?.close(promise: nil)
    }

    private func send(command: [[UInt8]]) {
        var buffer = ByteBuffer()
        buffer.writeRESPArray(count: command.count)
        for argument in command { argument.withUnsafeBytes { buffer.writeRESPBulk($0) } }
        channel?.writeAndFlush(buffer, promise: nil)
    }

    private func connect(_ link: UInt64) {
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(.milliseconds(Int64(ReplicationLimits.silenceMax)))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let handler = FollowerChannelHandler(link: link) { event in self.handle(event) }
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
        bootstrap.connect(host: leader.host, port: Int(leader.port)).whenComplete { result in
            switch result {
            case .success(let channel):
                if self.isStopped { return channel.close(promise: nil) }
                self.channel = channel
                self.handle(.connected(link: link))
            case .failure(let error):
                self.handle(
                    .disconnected(
                        link: link,
                        reason: "\(self.leader) can't be reached: \(ConnectFailure.reason(error))"
                    )
                )
            }
        }
    }
}
