import Coordination
import Logging
import Model
import NIOCore
import Replication
import Resharding
import Routing
import Server
import Synchronization

/// What the coordinator's watch has told of the cluster so far, and the driver that follows the watch: one question at a
/// time, and another watch when one is lost. Nothing is told any more once it is closed.
package final class ClusterView: @unchecked Sendable {
    // Sendable: `known` has a lock of its own; everything else that changes is confined to `eventLoop`.

    /// What the node around it does with news; called on the view's event loop, so nothing of it may block.
    package struct Delegate: Sendable {
        /// The own shard's record and notices; both at the beginning of each watch, even if nobody is there.
        package var recordSeen: @Sendable (SeenRecord) -> Void
        package var noticesSeen: @Sendable ([MemberNotice]) -> Void
        /// The map has changed, or a shard's record, or the reshard's document; as of one moment.
        package var snapshotSeen: @Sendable (CoordinatorSnapshot) -> Void
        /// The map has changed, or a shard's leader, or which of its nodes may be read from.
        package var topologyChanged: @Sendable () -> Void

        package init(
            recordSeen: @escaping @Sendable (SeenRecord) -> Void,
            noticesSeen: @escaping @Sendable ([MemberNotice]) -> Void,
            snapshotSeen: @escaping @Sendable (CoordinatorSnapshot) -> Void,
            topologyChanged: @escaping @Sendable () -> Void
        ) {
            self.recordSeen = recordSeen
            self.noticesSeen = noticesSeen
            self.snapshotSeen = snapshotSeen
            self.topologyChanged = topologyChanged
        }
    }

    private struct Known {
        var contents: ClusterContents
        var error: String?
        /// Another coordinator is where this one was: nothing of it is believed.
        var foreign: CoordinationError?
    }

    private let coordinator: any ViewCoordinator
    private let eventLoop: any EventLoop
    private let planted: PlantedBugs
    private let logger: Logger
    private let shard: String
    /// The coordinator that the node's folder belongs to; nil: whichever answers.
    private let coordinatorID: String?
    private let place: String
    private let known: Mutex<Known>

    private var delegate: Delegate?
    private var watch: (any ViewWatch)?
    /// The watch has told nothing yet.
    private var isFirst = true
    private var hasFollowed = false
    private var pause: Scheduled<Void>?

    /// After a watch was lost another one is begun; no sooner, so that a coordinator that refuses them is not flooded.
    package static let rewatchPause = TimeAmount.milliseconds(500)

    /// - Parameters:
    ///   - map: what the coordinator had when the node joined, like `records`; for the time before the watch tells.
    ///   - shard: the one whose record and notices are handed on.
    ///   - coordinatorID: the coordinator that the node's folder belongs to, and `place` where that is, for messages. What
    ///     another one tells is another history. nil: whichever answers is believed.
    ///   - eventLoop: where the view lives and calls its delegate.
    package init(
        coordinator: any ViewCoordinator,
        map: SlotMap,
        mapRevision: UInt64,
        records: [String: SeenRecord],
        shard: String,
        coordinatorID: String? = nil,
        place: String = "",
        eventLoop: any EventLoop,
        planted: PlantedBugs = [],
        logger: Logger
    ) {
        self.coordinator = coordinator
        self.eventLoop = eventLoop
        self.planted = planted
        self.logger = logger
        self.shard = shard
        self.coordinatorID = coordinatorID
        self.place = place
        let contents = ClusterContents(shard: shard, map: map, mapRevision: mapRevision, records: records)
        known = Mutex(Known(contents: contents))
    }

    // One that was never closed: nobody else has it any more.
    deinit { watch?.cancel() }

    // MARK: Its life

    /// Follows the coordinator from now on. Once.
    package func begin(_ delegate: Delegate) {
        onLoop { view in
            view.delegate = delegate
            view.follow()
        }
    }

    /// Ends the watch. Blocks until nothing will be told any more; not for event loops.
    package func close() {
        let closed = Answer<Void>()
        close { closed.give() }
        closed.wait()
    }

    /// The same without blocking.
    /// - Parameter done: called on the view's event loop when nothing will be told any more.
    package func close(then done: @escaping @Sendable () -> Void) {
        let end: @Sendable () -> Void = { [self] in
            delegate = nil
            pause?.cancel()
            pause = nil
            watch?.cancel()
            watch = nil
            done()
        }
        if eventLoop.inEventLoop { end() } else { eventLoop.execute(end) }
    }

    private func onLoop(_ body: @escaping @Sendable (ClusterView) -> Void) {
        if eventLoop.inEventLoop { return body(self) }
        eventLoop.execute { [weak self] in if let self { body(self) } }
    }

    // MARK: The watch

    private func follow() {
        guard delegate != nil else { return }
        pause = nil
        isFirst = true
        watch = coordinator.follow()
        ask()
    }

    private func ask() { watch?.next { [weak self] event in self?.onLoop { $0.take(event) } } }

    private func take(_ event: ClusterWatch.Event?) {
        // Closed: this answers the last question.
        guard delegate != nil else { return }
        switch event {
        case nil: return watchLost()
        case .interrupted(let error): interrupted(error.message)
        case .changes(let changes, let revision): changed(changes, revision)
        }
        ask()
    }

    private func watchLost() {
        watch = nil
        interrupted("the watch was lost")
        guard !planted.contains(.lostWatchIsNotReplaced) else { return }
        pause = eventLoop.scheduleTask(in: ClusterView.rewatchPause) { [weak self] in self?.follow() }
    }

    private func interrupted(_ reason: String) {
        known.withLock { $0.error = reason }
        logger.warning("the coordinator does not answer", metadata: ["reason": "\(reason)"])
    }

    /// Whether these are the changes of another coordinator than the folder's, or of one that has lost its data.
    private func areForeign(_ changes: [ClusterWatch.Change]) -> Bool {
        guard let coordinatorID else { return false }
        var foreign = known.withLock { $0.foreign }
        if foreign?.code == .wentBack { return true }
        if isFirst { foreign = .changed(place: place, found: nil, known: coordinatorID) }
        for case .identity(let identity) in changes {
            let found = identity?.coordinator
            foreign = found == coordinatorID ? nil : .changed(place: place, found: found, known: coordinatorID)
        }
        note(foreign)
        return foreign != nil
    }

    private func note(_ foreign: CoordinationError?) {
        let before = known.withLock { known in
            defer {
                known.foreign = foreign
                if let foreign { known.error = foreign.message }
            }
            return known.foreign
        }
        if let foreign, foreign != before {
            logger.error("another coordinator answers", metadata: ["reason": "\(foreign.message)"])
        }
    }

    /// What came of the last session that was asked for: a watch that waits for what comes after the newest it has seen does
    /// not hear of a coordinator that begins anew.
    /// - Parameter foreign: why it is not the coordinator that the node belongs to; nil if it is.
    package func judge(_ foreign: CoordinationError?) {
        onLoop { view in
            let before = view.known.withLock { $0.foreign }
            // What is decided by an old state can't be told from what was decided by the newest: people decide.
            if before?.code == .wentBack { return }
            let wasForeign = before != nil
            view.note(foreign)
            // The right one is back: its end makes the view begin another watch, which reads all of it.
            if wasForeign, foreign == nil { view.watch?.cancel() }
        }
    }

    private func changed(_ changes: [ClusterWatch.Change], _ revision: UInt64) {
        let wasForeign = known.withLock { $0.foreign } != nil
        if areForeign(changes) {
            isFirst = false
            return
        }
        if wasForeign, !isFirst {
            // What was told meanwhile was passed over: the next watch tells everything.
            watch?.cancel()
            return
        }
        // Of what a lost watch would have told there is no word about what is gone.
        let isEverything = isFirst && !(hasFollowed && planted.contains(.goneIsKeptAfterLostWatch))
        let isBeginning = isFirst
        (isFirst, hasFollowed) = (false, true)
        let (parts, contents) = known.withLock { known in
            let parts = known.contents.take(changes, revision: revision, isEverything: isEverything)
            known.error = nil
            return (parts, known.contents)
        }
        for reason in contents.unreadable {
            logger.error("a value at the coordinator can't be read", metadata: ["reason": "\(reason)"])
        }
        if isBeginning || parts.contains(.record) { delegate?.recordSeen(contents.record(of: shard)) }
        if isBeginning || parts.contains(.notices) { delegate?.noticesSeen(contents.notices(of: shard)) }
        // Loops learn of a map before leaders act on it: so they redirect as soon as a slot is gone.
        if parts.contains(.topology) { delegate?.topologyChanged() }
        if parts.contains(.snapshot) { delegate?.snapshotSeen(contents.snapshot) }
    }

    // MARK: What is known; any thread

    package var map: SlotMap { known.withLock { $0.contents.map } }

    /// Everything that was written at the coordinator up to it is known; 0 before the watch has told anything.
    package var revision: UInt64 { known.withLock { $0.contents.revision } }

    /// Why nothing new is heard of the coordinator; nil while it answers.
    package var error: String? { known.withLock { $0.error } }

    /// Why the coordinator that answers is not the one that the node belongs to; nil while it is.
    package var foreignCoordinator: CoordinationError? { known.withLock { $0.foreign } }

    /// A shard's record; one without content if it has none.
    package func record(of shard: String) -> SeenRecord { known.withLock { $0.contents.record(of: shard) } }

    /// The notices of a shard's members, by member id.
    package func notices(of shard: String) -> [MemberNotice] { known.withLock { $0.contents.notices(of: shard) } }

    /// What resharding depends on, as the watch told it last.
    package var snapshot: CoordinatorSnapshot { known.withLock { $0.contents.snapshot } }

    /// The map, and the leader of each of its shards.
    var topology: Topology { known.withLock { $0.contents.topology } }

    /// The nodes of each of the map's shards that are there; nil where there is no record of a shard.
    var nodes: [ShardNodes?] { known.withLock { $0.contents.shardNodes } }
}
