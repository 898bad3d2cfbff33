import Logging
import Model
import NIOCore
import Replication
import Synchronization

/// A replica's connection to its leader: executes what `FollowerMachine` decides.
///
/// The machine lives on one event loop; storage work runs on a thread of its own, one action after the other. Its clock is
/// the boot-time clock: data gets older while the machine sleeps, too.
///
/// It owns its connection, its timers and its thread. All of them end with `stop`, and none of them keeps it alive.
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
    private let environment: DriverEnvironment
    private let logger: Logger
    private let onReport: @Sendable (FollowerReport) -> Void
    private let onLeaderChanged: @Sendable (SeenRecord) -> Void
    private var machine: FollowerMachine
    /// Once it is connected.
    private var channel: (any Channel)?
    /// While it is being connected.
    private var connecting: (any Channel)?
    private var ticker: RepeatedTask?
    private var nextTry: Scheduled<Void>?
    private var isStopped = false
    private var scheduledTry: UInt64?
    private let published = Mutex(Published())

    /// - Parameters:
    ///   - onReport: called on the link's loop whenever the state changes.
    ///   - onLeaderChanged: called on the link's loop when the leader says who is the leader now.
    package init(
        eventLoop: any EventLoop,
        leader: NodeAddress,
        store: any ReplicaStore,
        identity: FollowerMachine.Identity,
        needsSnapshot: Bool,
        environment: DriverEnvironment = .system,
        logger: Logger,
        onReport: @escaping @Sendable (FollowerReport) -> Void,
        onLeaderChanged: @escaping @Sendable (SeenRecord) -> Void = { _ in }
    ) {
        self.eventLoop = eventLoop
        self.leader = leader
        self.logger = logger
        self.onReport = onReport
        self.onLeaderChanged = onLeaderChanged
        self.environment = environment
        storage = FollowerStorage(store: store, eventLoop: eventLoop, environment: environment)
        let commit = store.commitSequence
        machine = FollowerMachine(
            identity: identity,
            disk: FollowerMachine.Disk(
                terms: store.logTerms,
                commitSequence: commit,
                appliedSequence: commit,
                needsSnapshot: needsSnapshot
            ),
            now: environment.clock.boot(),
            planted: environment.planted
        )
    }

    package func start() {
        eventLoop.execute { self.begin() }
    }

    private func begin() {
        guard !isStopped else { return }
        storage.begin { [weak self] event in self?.handle(event) }
        let period = TimeAmount.milliseconds(Int64(ReplicationLimits.heartbeatPeriod))
        ticker = eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: period) { [weak self] _ in
            self?.handle(.tick)
        }
    }

    /// Follows another leader from now on. Any thread.
    package func follow(_ leader: NodeAddress, term: UInt64) {
        eventLoop.execute {
            self.leader = leader
            self.handle(.follow(term: term))
        }
    }

    /// Asks for a snapshot in place of an engine whose contents are damaged. Any thread.
    package func replace(damaged what: String) { eventLoop.execute { self.handle(.damaged(what)) } }

    /// Says with every acknowledgement from now on that this replica is going to stop. Any thread.
    package func leave() { eventLoop.execute { self.handle(.leave) } }

    /// Ends the connection and waits for storage work under way. Blocks; not for event loops.
    package func stop() {
        // The loop outlives every node; an error could only mean that it is gone, and the link with it.
        let closed = try? eventLoop.submit { self.end() }.wait()
        for future in closed ?? [] { try? future.wait() }
        storage.join()
    }

    /// The same without blocking: calls `done` when storage work under way has ended. Any thread.
    package func stop(then done: @escaping @Sendable () -> Void) {
        eventLoop.execute {
            _ = self.end()
            self.storage.close(then: done)
        }
    }

    /// - Returns: what to wait for until the sockets are closed.
    private func end() -> [EventLoopFuture<Void>] {
        isStopped = true
        storage.end()
        ticker?.cancel()
        ticker = nil
        nextTry?.cancel()
        nextTry = nil
        let closed = [channel, connecting].compactMap { $0?.closeFuture }
        drop()
        return closed
    }

    /// State, lag and age of the data as of now. Any thread.
    package func status() -> (report: FollowerReport, lag: FollowerLag, staleness: UInt64?) {
        let now = environment.clock.boot()
        return published.withLock { state in
            // What the loop published ages until it publishes again, also while the loop is stalled.
            let age = now - min(now, state.readAt)
            return (state.report, state.lag.aged(by: age, state.staleness), state.staleness.map { $0 + age })
        }
    }

    /// Whether a connection is on its way. Blocks for the loop; for tests.
    package var isConnecting: Bool {
        // The loop outlives every node.
        (try? eventLoop.submit { self.connecting != nil }.wait()) ?? false
    }

    private func handle(_ event: FollowerMachine.Event) {
        guard !isStopped else { return }
        let now = environment.clock.boot()
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
        nextTry?.cancel()
        nextTry = eventLoop.scheduleTask(in: .milliseconds(Int64(due > now ? due - now : 0))) { [weak self] in
            self?.handle(.tick)
        }
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
        let closing = [channel, connecting].compactMap(\.self)
        channel = nil
        connecting = nil
        for channel in closing { channel.close(promise: nil) }
    }

    private func send(command: [[UInt8]]) {
        var buffer = ByteBuffer()
        buffer.writeRESPArray(count: command.count)
        for argument in command { argument.withUnsafeBytes { buffer.writeRESPBulk($0) } }
        channel?.writeAndFlush(buffer, promise: nil)
    }

    private func connect(_ link: UInt64) {
        let address = leader
        let connection = environment.connector.connect(to: address, on: eventLoop) { [weak self] channel in
            channel.eventLoop.makeCompletedFuture {
                self?.connecting = channel
                let handler = FollowerChannelHandler(link: link) { [weak self] event in self?.handle(event) }
                try channel.pipeline.syncOperations.addHandler(handler)
            }
        }
        connection.whenComplete { [weak self] result in
            guard let self, !isStopped else {
                if case .success(let channel) = result { channel.close(promise: nil) }
                return
            }
            switch result {
            case .success(let channel): connected(channel, link)
            case .failure(let error):
                if machine.isCurrent(link) { connecting = nil }
                let reason = "\(address) can't be reached: \(ConnectFailure.reason(error))"
                handle(.disconnected(link: link, reason: reason))
            }
        }
    }

    private func connected(_ channel: any Channel, _ link: UInt64) {
        // Another leader was to be followed meanwhile.
        guard machine.isCurrent(link) else { return channel.close(promise: nil) }
        connecting = nil
        self.channel = channel
        handle(.connected(link: link))
    }
}
