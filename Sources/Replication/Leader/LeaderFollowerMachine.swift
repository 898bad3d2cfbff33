import Model
import Storage

/// The leader's side of one follower's connection: decides, does nothing itself.
///
/// Feed it events with the leader's log as it is at that moment and the time of a monotonic clock in milliseconds;
/// execute the actions in order. One per connection; confined to the connection's event loop.
package struct LeaderFollowerMachine {
    /// Who the leader is.
    package struct Identity: Hashable, Sendable {
        package var cluster: String
        package var shard: String
        package var term: UInt64
        package var engine: String
        /// The coordinator by which it is the leader.
        package var coordinator: String?

        package init(cluster: String, shard: String, term: UInt64, engine: String, coordinator: String? = nil) {
            self.coordinator = coordinator
            self.cluster = cluster
            self.shard = shard
            self.term = term
            self.engine = engine
        }
    }

    /// The leader's log at the moment of an event. It must include every write that anyone was told of by then.
    package struct LogState: Sendable {
        /// Records behind this one can be read.
        package var start: Position
        /// The last record on this leader's disk.
        package var end: Position
        package var commitSequence: UInt64
        /// Bytes ever appended, up to `end`.
        package var endOffset: UInt64
        /// Without a lease nothing vouches for the data being new: no heartbeats then.
        package var isLeaseValid: Bool

        package init(start: Position, end: Position, commitSequence: UInt64, endOffset: UInt64, isLeaseValid: Bool) {
            self.start = start
            self.end = end
            self.commitSequence = commitSequence
            self.endOffset = endOffset
            self.isLeaseValid = isLeaseValid
        }
    }

    package enum Event: Sendable {
        /// The connection's `SHOAL.REPLICATE`, with the terms of the leader's log.
        case hello(PeerHello, terms: TermIndex)
        case logAdvanced
        /// The answer to `readLog`: batches up to `end` were written to the connection. 0 bytes: nothing was there.
        case batchesSent(end: Position, bytes: Int)
        /// The answer to `readLog`: that part of the log has been cut.
        case logUnavailable
        /// The answer to `askForSnapshot`.
        case snapshotAllowed
        /// The answer to `startSnapshot`: the copy may begin, at that position. What the shard owned then.
        case snapshotOpened(position: Position, keys: UInt64, bytes: UInt64, owned: SlotOwnership?)
        /// The answer to `sendChunks`; `isLast` when the snapshot has no more. It is then the state at `position`, which is
        /// where it began if none is told, and so is what the shard owns.
        case chunksSent(keys: UInt64, bytes: Int, isLast: Bool, position: Position? = nil, owned: SlotOwnership? = nil)
        case snapshotFailed(String)
        /// Leadership was handed over; the follower is told who has it.
        case leaderChanged(SeenRecord)
        case frame(PeerFrame)
        /// Whether the connection takes more bytes without piling them up.
        case writabilityChanged(Bool)
        case tick
    }

    package enum Action: Sendable {
        case send(PeerFrame)
        /// Send batches behind that record, at least one, at most `maxBytes` if more than one; then `batchesSent`.
        case readLog(after: Position, maxBytes: Int)
        /// The follower's contents have to be replaced. Not while it is in the in-sync set: it could be elected with
        /// half of them. `LeadershipMachine` knows; then `snapshotAllowed`.
        case askForSnapshot
        /// Get ready to copy the engine, then `snapshotOpened`.
        case startSnapshot
        /// Send chunks of it, at least one, stop after `maxBytes`; then `chunksSent`.
        case sendChunks(maxBytes: Int)
        /// Don't cut the log behind this sequence; replaces this connection's earlier pin. Ends with the connection.
        case pinLog(after: UInt64)
        /// Close the connection, its snapshot and its pin.
        case close(reason: String)
    }

    enum Phase {
        case waitingForHello
        case truncating(to: Position)
        case awaitingSnapshot
        case openingSnapshot
        case snapshot(Sending)
        case streaming
        case closed
    }

    struct Sending {
        var position: Position
        var owned: SlotOwnership?
        var keys: UInt64 = 0
        var isComplete = false
    }

    let identity: Identity
    private let planted: PlantedBugs
    var phase = Phase.waitingForHello
    var terms = TermIndex(base: .zero)
    var sentEnd = Position.zero
    /// Byte offset of `sentEnd` in the log; nil until the follower was caught up once.
    var sentOffset: UInt64?
    var inFlight = ByteLedger()
    var isReading = false
    var isWritable = true
    var lastHeartbeat: UInt64?
    var sentCommit: UInt64 = 0
    var stamp: UInt64 = 0
    package internal(set) var hello: PeerHello?
    /// The last record on the follower's disk.
    package internal(set) var acknowledged = Position.zero
    package internal(set) var appliedSequence: UInt64 = 0
    package internal(set) var lastHeard: UInt64

    package init(identity: Identity, now: UInt64, planted: PlantedBugs = []) {
        self.identity = identity
        self.planted = planted
        lastHeard = now
    }

    /// Whether the follower has not been heard for 2 s; it is shown as silent and the connection ends after 10 s.
    package func isSilent(now: UInt64) -> Bool { now >= lastHeard + ReplicationLimits.silenceMax }

    /// Whether the follower takes a snapshot.
    package var isSendingSnapshot: Bool {
        switch phase {
        case .awaitingSnapshot, .openingSnapshot, .snapshot: true
        case .waitingForHello, .truncating, .streaming, .closed: false
        }
    }

    /// Bytes sent and not acknowledged.
    package var bytesInFlight: Int { inFlight.bytes }

    /// Records of the log that are not on the follower's disk, and their bytes (an estimate before it caught up once).
    package func lag(log: LogState) -> (entries: UInt64, bytes: UInt64) {
        let entries = log.end.sequence > acknowledged.sequence ? log.end.sequence - acknowledged.sequence : 0
        return (entries, entries == 0 ? 0 : unsentBytes(log) + UInt64(inFlight.bytes))
    }

    /// Up to here the follower's log is this leader's, on the follower's disk; nil until it streams. What
    /// `LeadershipMachine` counts.
    package var replicated: Position? {
        if case .streaming = phase { return acknowledged }
        return nil
    }

    func plants(_ bug: PlantedBugs) -> Bool { planted.contains(bug) }

    /// Takes one event and says what to do.
    package mutating func handle(_ event: Event, log: LogState, now: UInt64) -> [Action] {
        if case .closed = phase { return [] }
        var actions: [Action] = []
        switch event {
        case .hello(let hello, let terms):
            lastHeard = now
            receive(hello, terms, log, now, &actions)
        case .frame(let frame):
            lastHeard = now
            receive(frame, log, now, &actions)
        case .logAdvanced: break
        case .batchesSent(let end, let bytes): batchesSent(end, bytes, log)
        case .logUnavailable:
            isReading = false
            if case .streaming = phase { askForSnapshot(log, &actions) }
        case .snapshotAllowed:
            if case .awaitingSnapshot = phase { openSnapshot(log, &actions) }
        case .leaderChanged(let seen): actions.append(.send(.leaderChanged(seen)))
        case .snapshotOpened(let position, let keys, let bytes, let owned):
            begin(Sending(position: position, owned: owned), keys, bytes, &actions)
        case .chunksSent(let keys, let bytes, let isLast, let position, let owned):
            chunksSent(keys, bytes, isLast, position, owned, &actions)
        case .snapshotFailed(let reason): close("the snapshot for a replica failed: \(reason)", &actions)
        case .writabilityChanged(let writable): isWritable = writable
        case .tick:
            if now >= lastHeard + ReplicationLimits.leaderPatience {
                close("the follower has been silent for \(now - lastHeard) ms", &actions)
            }
        }
        // An empty answer to a read is not asked for again at once; the next event does.
        if case .batchesSent(_, 0) = event {} else { proceed(log, &actions) }
        heartbeatIfDue(log, now, &actions)
        return actions
    }

    mutating func close(_ reason: String, _ actions: inout [Action]) {
        phase = .closed
        actions.append(.close(reason: reason))
    }
}
