import Model
import Replication

/// The target's side of all moves to one shard, one after the other: decides, does nothing itself. Kept by
/// `ReshardingMachine`.
///
/// What is copied goes into the target's own engine, through its log, under slots that it does not own: nobody reads
/// there. Chunks are taken in first, then log over them in its order; what a key was in between nobody sees.
package struct MigrationTargetMachine {
    package enum Event: Sendable {
        case frame(MigrationFrame)
        /// The answer to `importChunk`, in order: it is committed in this shard.
        case imported(bytes: Int)
        /// The answer to `jump`: it is committed, and with it all before it.
        case jumped(number: UInt64)
        /// `clear`, `importChunk` or `jump` could not be appended; what came behind it must not be either.
        case importFailed(reason: String)
        case closed(reason: String)
    }

    package enum Action: Sendable {
        /// Connect to the leader of the source with that hello; `closed` if it fails.
        case connect(to: String, MigrationHello)
        case send(MigrationFrame)
        /// Append a record that deletes whatever these slots have. No answer unless it fails.
        case clear(SlotList)
        /// Append its entries, puts with their versions; `imported` when committed.
        case importChunk(MigrationChunk)
        /// Append a record after which this log's sequences are above that one; `jumped` when committed.
        case jump(number: UInt64, beyond: UInt64)
        case close(reason: String)
    }

    enum Stage: Hashable {
        case connecting
        case copying
        case catchingUp
        case asked(number: UInt64, at: UInt64)
        /// Everything was sent; the rest is being taken in.
        case finishing(number: UInt64, sequence: UInt64)
        case jumping(number: UInt64, jump: UInt64)
        case confirmed(number: UInt64)
    }

    /// One connection to a source.
    struct Attempt {
        let link: UInt64
        let move: ReshardMove
        let slots: SlotSet
        /// The source's term when it began: with another leader the link is of no use.
        let sourceTerm: UInt64
        var stage = Stage.connecting
        let begunAt: UInt64
        var lastHeard: UInt64
        var acceptance: MigrationFrame.Acceptance?
        /// Chunks that are not handed to the log yet.
        var queue: [MigrationChunk] = []
        var queuedBytes = 0
        var importingBytes = 0
        /// Payload bytes committed here, and those told to the source.
        var importedBytes: UInt64 = 0
        var toldBytes: UInt64 = 0
        var toldAt: UInt64
        var keysReceived: UInt64 = 0
        var keysTaken: UInt64 = 0
        var versionMax: UInt64 = 0
        /// All of the copy has come; and is handed to the log.
        var isCopied = false
        var mark: MigrationFrame.Mark?
        var lastNumber: UInt64 = 0
        var askAgainAt: UInt64 = 0
        var askPause = ReshardingLimits.askAgainFirst
        /// What was left when it was last seen to have come nearer.
        var leastLeft: UInt64?
        var nearerAt: UInt64 = 0
        var isHurrying = false

        var isStaging: Bool { stage != .connecting }
    }

    /// Slots that this shard may own at any moment: it has confirmed, and does not know what became of it.
    struct Promise {
        let move: ReshardMove
        let slots: SlotSet
        let job: String
        let number: UInt64
        /// The source's term: a later one can't be handed over by what was confirmed here.
        let sourceTerm: UInt64
        let since: UInt64
    }

    /// Moves that failed, and when they are tried again.
    struct Retry {
        var count = 0
        var retryAt: UInt64 = 0
        /// The source's term then; with a later one there is no reason to wait.
        var sourceTerm: UInt64 = 0
        var reason = ""
    }

    var attempt: Attempt?
    var promise: Promise?
    /// By source, of one job: what keeps one move from a shard keeps the others, too.
    var retries: [String: Retry] = [:]
    var retriesOf = ""
    /// Nothing is left to begin, as long as map and job are of these revisions.
    var quiet: (map: UInt64, job: UInt64)?
    /// How many targets the job's rate is divided among, by map and job of these revisions.
    var busy: (count: Int, map: UInt64, job: UInt64)?
    var lastLink: UInt64 = 0
    var lastJump: UInt64 = 0
    var bucket = RateBucket()
    var meter = SpeedMeter()

    init() {}

    /// Slots whose contents are not to be touched by anything but this.
    var staged: SlotSet {
        var slots = promise?.slots ?? SlotSet()
        if let attempt, attempt.isStaging { slots.formUnion(attempt.slots) }
        return slots
    }

    /// Takes one event of a link; those of earlier links are ignored.
    mutating func handle(
        _ event: Event,
        link: UInt64,
        _ led: inout LedShard,
        now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard attempt?.link == link else { return }
        switch event {
        case .frame(let frame):
            attempt?.lastHeard = now
            receive(frame, led, now, &actions)
        case .imported(let bytes): imported(bytes, now)
        case .jumped(let number): jumped(number, led, now, &actions)
        case .importFailed(let reason): fail("this shard can't write it: \(reason)", now, &actions)
        case .closed(let reason): lost(reason, now)
        }
    }

    /// Whatever is due, after every event.
    mutating func advance(
        _ led: inout LedShard,
        _ governor: RateGovernor,
        now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        settlePromise(led)
        checkJob(led, now, &actions)
        begin(led, now, &actions)
        checkSilence(now, &actions)
        countTargets(led)
        takeIn(led, governor, now, &actions)
        acknowledge(now, &actions)
        finishCopy()
        jumpIfComplete(led, &actions)
        askIfNear(led, now, &actions)
    }

    func send(_ frame: MigrationFrame, _ actions: inout [ReshardingMachine.Action]) {
        guard let attempt else { return }
        actions.append(.target(link: attempt.link, .send(frame)))
    }

    /// Ends the link; the move is tried again after a pause.
    mutating func fail(_ reason: String, _ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        guard let attempt else { return }
        actions.append(.target(link: attempt.link, .close(reason: reason)))
        lost(reason, now)
    }

    private mutating func lost(_ reason: String, _ now: UInt64) {
        guard let ended = attempt else { return }
        attempt = nil
        var retry = retries[ended.move.source] ?? Retry()
        let pause = ReshardingLimits.moveRetryFirst << UInt64(min(retry.count, 16))
        retry.count += 1
        retry.retryAt = now + min(pause, ReshardingLimits.moveRetryMax)
        retry.sourceTerm = ended.sourceTerm
        retry.reason = reason
        retries[ended.move.source] = retry
    }

    /// Ends the link without calling it a failure: there is nothing to try again.
    mutating func drop(_ reason: String, _ actions: inout [ReshardingMachine.Action]) {
        guard let ended = attempt else { return }
        attempt = nil
        retries[ended.move.source] = nil
        actions.append(.target(link: ended.link, .close(reason: reason)))
    }
}
