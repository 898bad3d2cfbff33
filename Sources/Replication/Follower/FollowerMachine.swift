import Model
import Storage

/// A replica's side of replication: decides, does nothing itself.
///
/// Feed it events with the time of a monotonic clock in milliseconds and execute the actions it returns, in order;
/// storage actions (`append` to `finishSnapshot`) by one thread, one after the other. Confined to its driver's thread.
package struct FollowerMachine {
    /// Who this replica is; said in every hello.
    package struct Identity: Hashable, Sendable {
        package var cluster: String
        package var shard: String
        package var folder: String
        package var address: String
        /// `Member.boot` of this replica.
        package var boot: String?
        /// The coordinator that its folder belongs to.
        package var coordinator: String?

        package init(
            cluster: String,
            shard: String,
            folder: String,
            address: String,
            boot: String? = nil,
            coordinator: String? = nil
        ) {
            self.coordinator = coordinator
            self.cluster = cluster
            self.shard = shard
            self.folder = folder
            self.address = address
            self.boot = boot
        }
    }

    /// What is on this replica's disk at the start.
    package struct Disk: Sendable {
        /// The log's terms; its `end` is the last durable record (the engine's position while the log is empty).
        package var terms: TermIndex
        package var commitSequence: UInt64
        package var appliedSequence: UInt64
        package var needsSnapshot: Bool

        package init(terms: TermIndex, commitSequence: UInt64, appliedSequence: UInt64, needsSnapshot: Bool) {
            self.terms = terms
            self.commitSequence = commitSequence
            self.appliedSequence = appliedSequence
            self.needsSnapshot = needsSnapshot
        }
    }

    /// `link` is the number of the `connect` action that the connection came from; events of older links are ignored.
    package enum Event: Sendable {
        case connected(link: UInt64)
        /// `+OK` was the answer to the hello.
        case helloAccepted(link: UInt64)
        case frame(link: UInt64, PeerFrame)
        /// Bytes arrived that don't complete a frame yet: a sign of life.
        case bytesReceived(link: UInt64)
        case disconnected(link: UInt64, reason: String)
        /// Everything appended up to here is on the disk.
        case synced(through: Position)
        case applied(sequence: UInt64)
        case truncated
        case snapshotBegun
        case chunkInstalled(keys: UInt64)
        case snapshotFinished
        /// A storage action failed; nothing after it was executed.
        case storageFailed(String)
        /// Another leader, of that term, is to be followed: connect to it at once.
        case follow(term: UInt64)
        /// The engine's contents are damaged: the leader's are needed instead.
        case damaged(String)
        /// This replica is going to stop; said with every acknowledgement from now on.
        case leave
        case tick
    }

    package enum Action: Sendable {
        case connect(link: UInt64)
        case greet(PeerHello)
        case send(PeerFrame)
        /// Append, sync (once for several), then `synced`.
        case append(LogBatch)
        /// Records up to here may be applied and shown.
        case advanceCommit(to: UInt64)
        /// Cut the log behind this record, durably, then `truncated`. Never below the commit position.
        case truncate(after: Position)
        /// Mark the engine incomplete, empty engine, log and hot table, then `snapshotBegun`.
        case beginSnapshot(PeerFrame.SnapshotBegin)
        /// Put the keys into the engine, then `chunkInstalled`.
        case installChunk(SnapshotChunk)
        /// Keep what the shard owns, set the position, mark the engine complete and durable, start the log behind it, then
        /// `snapshotFinished`.
        case finishSnapshot(position: Position, owned: SlotOwnership?)
        /// The leader says who leads now: for `LeadershipMachine`.
        case leaderChanged(SeenRecord)
        case report(FollowerReport)
        /// Close the connection.
        case disconnect(reason: String)
        /// Stop for good; a person has to look.
        case fail(reason: String)
    }

    enum Phase {
        /// Waits for the leader's decision: resume, truncate or snapshot.
        case undecided
        case streaming
        case truncating
        case installing(Installation)
    }

    struct Installation {
        var begin: PeerFrame.SnapshotBegin
        var receivedKeys: UInt64 = 0
        var isComplete = false
    }

    struct Session {
        var acceptedAt: UInt64
        var phase = Phase.undecided
        var hasHeartbeat = false
        /// Where a catch-up began and what it has to reach.
        var catchUp: ClosedRange<UInt64>?
    }

    enum Link {
        case idle(retryAt: UInt64)
        case connecting
        case greeting
        case linked(Session)
        case failed
    }

    let identity: Identity
    private let planted: PlantedBugs
    var link: Link
    var linkNumber: UInt64 = 0
    var lastHeard: UInt64
    var backoff = ReconnectBackoff()
    var freshness: ReplicaFreshness
    /// The log with everything accepted for appending; `terms.end` is what the next batch must follow.
    var terms: TermIndex
    package internal(set) var durable: Position
    package internal(set) var commitSequence: UInt64
    package internal(set) var appliedSequence: UInt64
    var needsSnapshot: Bool
    var installedKeys: UInt64 = 0
    /// Set while `finishSnapshot` is being executed.
    var finishing: Position?
    /// Storage actions without an answer, appends apart. No new link before they are done: a hello must tell the truth.
    var unansweredActions = 0
    var highestTerm: UInt64
    var isLeaving = false
    var leaderSequence: UInt64
    var leaderCommit: UInt64
    var unsentBytes: UInt64 = 0
    var unapplied = ByteLedger()
    var unsyncedBytes = ByteLedger()
    /// The last state reported.
    package internal(set) var report = FollowerReport(state: .disconnected, message: "looking for the leader")

    package init(identity: Identity, disk: Disk, now: UInt64, planted: PlantedBugs = []) {
        self.identity = identity
        self.planted = planted
        terms = disk.terms
        durable = disk.terms.end
        commitSequence = disk.commitSequence
        appliedSequence = disk.appliedSequence
        needsSnapshot = disk.needsSnapshot
        highestTerm = disk.terms.end.term
        leaderSequence = disk.terms.end.sequence
        leaderCommit = disk.commitSequence
        link = .idle(retryAt: now)
        lastHeard = now
        freshness = ReplicaFreshness(startedAt: now)
    }

    /// Takes one event and says what to do.
    package mutating func handle(_ event: Event, now: UInt64) -> [Action] {
        if case .failed = link { return [] }
        var actions: [Action] = []
        switch event {
        case .connected(let number), .helloAccepted(let number), .frame(let number, _), .bytesReceived(let number):
            guard number == linkNumber else { return [] }
            lastHeard = now
            handleLink(event, now, &actions)
        case .disconnected(let number, let reason):
            guard number == linkNumber else { return [] }
            leave(reason, closing: false, now, &actions)
        case .synced(let through): synced(through, now, &actions)
        case .applied(let sequence): applied(sequence, &actions)
        case .truncated, .snapshotBegun, .chunkInstalled, .snapshotFinished: answered(event, now, &actions)
        case .storageFailed(let message): fail(message, &actions)
        case .follow(let term): follow(term, now, &actions)
        case .damaged(let what):
            if needsSnapshot { break }
            needsSnapshot = true
            leave("\(what); a snapshot is needed", closing: true, now, &actions)
        case .leave:
            isLeaving = true
            acknowledge(now, &actions)
        case .tick: tick(now, &actions)
        }
        return actions
    }

    /// Whether that is the newest `connect`; what comes of older ones is of no use.
    package func isCurrent(_ link: UInt64) -> Bool { link == linkNumber }

    func plants(_ bug: PlantedBugs) -> Bool { planted.contains(bug) }

    /// Upper bound of the data's age; nil while it can't be known (then a bounded read must be refused).
    package func stalenessMilliseconds(now: UInt64) -> UInt64? { freshness.staleness(now: now) }

    package func lag(now: UInt64) -> FollowerLag {
        FollowerLag(
            milliseconds: freshness.shownLag(now: now, isLinked: isStreaming),
            entries: leaderSequence > appliedSequence ? leaderSequence - appliedSequence : 0,
            bytes: unsentBytes + UInt64(unapplied.bytes)
        )
    }

    var isStreaming: Bool {
        if case .linked(let session) = link, case .streaming = session.phase { return true }
        return false
    }
}
