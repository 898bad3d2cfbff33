import Model

/// The source's side of one move: decides, does nothing itself. One per connection of a target's leader, kept by
/// `ReshardingMachine`.
package struct MigrationSourceMachine {
    package enum Event: Sendable {
        /// The connection's `SHOAL.MIGRATE`.
        case hello(MigrationHello)
        case frame(MigrationFrame)
        /// The answer to `openCopy`: where log is to be shipped from, and what the slots have.
        case copyOpened(position: Position, keys: UInt64, bytes: UInt64)
        case copyFailed(reason: String)
        /// The answer to `sendChunks`: entries and payload bytes that were written to the connection.
        case chunksSent(keys: UInt64, bytes: Int, isLast: Bool)
        /// The answer to `readLog`: the log was looked through up to `through`, so many payload bytes were sent, and so
        /// much log is left behind it up to the commit position.
        case logRead(through: UInt64, bytes: Int, bytesLeft: UInt64)
        /// The answer to `readLog`: that part has been cut.
        case logUnavailable
        /// Whether the connection takes more bytes without piling them up.
        case writabilityChanged(Bool)
        case closed
    }

    package enum Action: Sendable {
        case send(MigrationFrame)
        /// Wait until the engine has everything that is committed now, then answer `copyOpened` with the engine's
        /// position. Nothing is kept open by it: chunks are read in views of their own, at or behind that position.
        case openCopy(SlotList)
        /// Send chunks of those slots, by slot and key, from where the last call ended: one at least, if any is left, and
        /// no more than `maxBytes` of payload otherwise. Read in a short view, renewed from call to call.
        case sendChunks(maxBytes: Int)
        /// Look through committed log behind that sequence, `ReshardingLimits.logScanBytes` of it at most, and send what
        /// concerns the slots, at most `maxBytes` if more than one entry.
        case readLog(after: UInt64, maxBytes: Int)
        /// Don't cut the log behind this sequence, as long as no more than `pinnedLogBytesMax` are kept for it; replaces
        /// this connection's earlier pin. Ends with the connection.
        case pinLog(after: UInt64)
        /// Close the connection and its pin.
        case close(reason: String)
    }

    enum Phase {
        case waitingForHello
        case opening
        case copying
        case streaming
        /// The connection is gone, and whether the hand-over was written is not known.
        case orphaned
        case closed
    }

    /// Writes of the slots wait.
    struct Hold {
        /// The target's number for it.
        let number: UInt64
        let since: UInt64
        /// The ownership change that takes the slots out of the log, and the sequence of its record once committed.
        var change: UInt64?
        var disownedAt: UInt64?
        var isFinalSent = false
        var confirmedTerm: UInt64?
        var proposal: ReshardProposal?
        /// When the proposal goes out again, its outcome being unknown.
        var retryAt: UInt64?
    }

    /// A question for the hand-over that waits for another one to end.
    struct Question {
        let number: UInt64
        let since: UInt64
    }

    let link: UInt64
    var phase = Phase.waitingForHello
    var hello: MigrationHello?
    var move: ReshardMove?
    var slots = SlotSet()
    var question: Question?
    var hold: Hold?
    /// Payload bytes of chunks, sent and acknowledged.
    var sentBytes: UInt64 = 0
    var acknowledgedBytes: UInt64 = 0
    var keysSent: UInt64 = 0
    var through: UInt64 = 0
    /// As the last read of the log told; nothing is known before.
    var lastBytesLeft = UInt64.max
    var isReading = false
    var isWritable = true
    var lastHeard: UInt64
    var lastMark: UInt64

    init(link: UInt64, now: UInt64) {
        self.link = link
        lastHeard = now
        lastMark = now
    }

    /// Whether nothing is left to be decided here.
    var isClosed: Bool { if case .closed = phase { true } else { false } }

    var isProposed: Bool { hold?.proposal != nil }

    /// Whether a copy loads this node.
    var isCopying: Bool { if case .copying = phase { true } else { false } }

    /// Takes one event. The machine is gone when `isClosed`.
    mutating func handle(
        _ event: Event,
        _ led: inout LedShard,
        now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        if isClosed { return }
        switch event {
        case .hello(let hello): receive(hello, led, now, &actions)
        case .frame(let frame):
            lastHeard = now
            receive(frame, &led, now, &actions)
        case .copyOpened(let position, let keys, let bytes):
            copyOpened(position, keys, bytes, led, now, &actions)
        case .copyFailed(let reason): close("the copy failed: \(reason)", &actions)
        case .chunksSent(let keys, let bytes, let isLast): chunksSent(keys, bytes, isLast, led, &actions)
        case .logRead(let through, let bytes, let left): logRead(through, bytes, left, led, now, &actions)
        case .logUnavailable: close("the log it needs is not kept any more: the copy took too long", &actions)
        case .writabilityChanged(let isWritable): self.isWritable = isWritable
        case .closed: lost()
        }
        advance(&led, now: now, &actions)
    }

    /// Whatever is due, after every event of this link, and when anything else has changed.
    mutating func advance(_ led: inout LedShard, now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        if isClosed { return }
        checkJob(led, &actions)
        answer(&led, now, &actions)
        advanceHold(&led, now, &actions)
        proceed(led, &actions)
        speak(led, now, &actions)
    }

    func send(_ frame: MigrationFrame, _ actions: inout [ReshardingMachine.Action]) {
        if case .orphaned = phase { return }
        actions.append(.source(link: link, .send(frame)))
    }

    mutating func refuse(
        _ refusal: MigrationFrame.Refusal,
        _ text: String,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        send(.refuse(refusal, text), &actions)
        close("refused a target: \(text)", &actions)
    }

    mutating func close(_ reason: String, _ actions: inout [ReshardingMachine.Action]) {
        if case .orphaned = phase {
            hold = nil
            return phase = .closed
        }
        actions.append(.source(link: link, .close(reason: reason)))
        lost()
    }

    /// Without its connection only a hand-over that may be written keeps the machine.
    private mutating func lost() {
        if isProposed {
            phase = .orphaned
        } else {
            hold = nil
            phase = .closed
        }
    }

    /// The job was cancelled, or the slots went elsewhere: nothing is begun any more.
    private mutating func checkJob(_ led: LedShard, _ actions: inout [ReshardingMachine.Action]) {
        guard let hello, let move, !isProposed else { return }
        if led.movingJob?.id != hello.job {
            close("the reshard has ended or was cancelled", &actions)
        } else if move.stage(on: led.snapshot.map) != .due {
            close("slots \(move.slots.short) are not this shard's any more", &actions)
        }
    }

    private mutating func speak(_ led: LedShard, _ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        switch phase {
        case .waitingForHello, .opening, .copying, .streaming: break
        case .orphaned, .closed: return
        }
        // A target in the middle of its copy waits for room, not for words; both sides speak.
        if now >= lastHeard + ReshardingLimits.silenceMax {
            return close("the target has been silent for \(now - lastHeard) ms", &actions)
        }
        guard hello != nil, isWritable, now >= lastMark + ReshardingLimits.markPeriod else { return }
        sendMark(led, now, &actions)
    }

    /// Committed log that is not looked through yet.
    func logBytesLeft(_ led: LedShard) -> UInt64 { led.commitSequence <= through ? 0 : lastBytesLeft }

    mutating func sendMark(_ led: LedShard, _ now: UInt64, _ actions: inout [ReshardingMachine.Action]) {
        lastMark = now
        let end = max(led.commitSequence, through)
        let left = logBytesLeft(led)
        send(.mark(MigrationFrame.Mark(through: through, end: end, bytesLeft: left, strain: led.strain)), &actions)
    }
}
