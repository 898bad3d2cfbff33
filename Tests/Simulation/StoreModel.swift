import Model
import Replication
import Storage
import TestSupport

/// A command of a client on its way through a member.
struct Command {
    enum Reply {
        /// A write was done, at that position; NX tells whether it set the key (`position` is then nil if it did not).
        case done(Position?)
        case value(Tokens?)
        /// Not done: ask there, or ask around.
        case redirect(String?)
        /// Nobody can tell whether it was done.
        case closed
    }

    var kind: Operation.Kind
    var key: UInt32
    var reply: (Reply) -> Void
}

/// What `ShardStore` does, as far as drivers can tell: one batch in flight, commands evaluated when they are queued,
/// lease and hold checked when a batch is sealed and again before it is published.
final class StoreModel: @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    struct Queued {
        var record: SimulatedRecord?
        var answer: (Position?) -> Void
        var refuse: (Command.Reply) -> Void
    }

    unowned let process: SimulatedProcess
    var visible: [UInt32: Tokens]
    var commitPosition: Position
    var isLeader = false
    /// The record that starts its term is on its way.
    var isBeginning = false
    var term: UInt64 = 0
    var isCommitting = false
    var leaseEnd: UInt64 = 0
    /// What a commit must wait for, as leadership said.
    var quorum = CommitQuorum()
    /// Commands that wait, by leadership's word, and since when (true time in microseconds).
    var hold = IntakeHold.none
    var heldSince: UInt64 = 0
    /// The node serves as the leader, or else sends clients to that member.
    var role: (leads: Bool, leader: Member?) = (false, nil)
    /// Tells whoever waits for a term to begin, or for the store to step down.
    var termBegun: (@Sendable (Result<Position, StorageError>) -> Void)?
    var steppedDown: (@Sendable () -> Void)?
    var open: [Queued] = []
    var openValues: [UInt32: Tokens] = [:]
    var inFlight: LogBatch?
    var inFlightQueued: [Queued] = []
    var inFlightValues: [UInt32: Tokens] = [:]
    var inFlightIsDurable = false
    var held: [Command] = []
    var isArmed = false
    /// What drivers have asked for, by token, and have to give back.
    var observers: [Int: @Sendable () -> Void] = [:]
    var pins: [UInt64: UInt64] = [:]
    private var nextToken = 0
    /// Work off the loop that keeps the files open.
    var uses = 0
    /// A snapshot that is being put in.
    var installing = SimulatedDisk.Engine()

    init(process: SimulatedProcess, visible: [UInt32: Tokens], commitPosition: Position) {
        self.process = process
        self.visible = visible
        self.commitPosition = commitPosition
    }

    func makeToken() -> Int {
        nextToken += 1
        return nextToken
    }

    /// The log or the commit position has grown.
    func notifyObservers() { for token in observers.keys.sorted() { observers[token]?() } }

    private var plants: PlantedBugs { process.cluster.options.planted }
    var isLeaseValid: Bool { plants.contains(.noLeaseCheck) || process.clock < leaseEnd }
    /// Nothing of a term that has ended is committed, whatever lease another term brings.
    private var mayCommit: Bool {
        isLeaseValid && (isLeader || isBeginning || plants.contains(.endedTermCommits))
    }
    /// Whether a read would be answered at this very moment.
    var isServing: Bool { role.leads && isLeader && isLeaseValid && hold != .all }

    // MARK: Commands

    /// As `Admission` decides.
    func submit(_ command: Command) {
        let isRead = command.kind == .get
        guard role.leads else {
            // Clients are sent here at once, and the loops are told a little later.
            if process.isAboutToLead { return held.append(command) }
            return command.reply(.redirect((role.leader ?? process.following)?.address))
        }
        if hold == .all || hold == .writes && !isRead { return held.append(command) }
        guard isLeader, isLeaseValid else { return command.reply(.redirect(nil)) }
        if isRead { return command.reply(.value(visible[command.key])) }
        guard hasEnoughMembers else { return command.reply(.redirect(nil)) }
        evaluate(command)
    }

    /// Held commands are judged anew.
    func releaseHeld() {
        let waiting = held
        held = []
        for command in waiting { submit(command) }
    }

    var hasEnoughMembers: Bool { quorum.members >= quorum.membersMin }

    private func evaluate(_ command: Command) {
        let current = openValues[command.key] ?? inFlightValues[command.key] ?? visible[command.key]
        let value: Tokens
        switch command.kind {
        case .get: return
        case .set(let token): value = [token]
        case .append(let token): value = (current ?? []) + [token]
        case .setIfAbsent(let token):
            guard current != nil else { value = [token]; break }
            return answerFailedCondition(command)
        }
        openValues[command.key] = value
        open.append(
            Queued(
                record: SimulatedRecord(term: 0, key: command.key, value: value),
                answer: { command.reply(.done($0)) },
                refuse: command.reply
            )
        )
        arm()
    }

    /// It tells of what it saw, so it waits for that to be committed.
    private func answerFailedCondition(_ command: Command) {
        if plants.contains(.earlyConditionalReply) { return command.reply(.done(nil)) }
        let queued = Queued(record: nil, answer: { _ in command.reply(.done(nil)) }, refuse: command.reply)
        if !open.isEmpty {
            open.append(queued)
        } else if inFlight != nil {
            inFlightQueued.append(queued)
        } else {
            command.reply(.done(nil))
        }
    }

    // MARK: Commit

    func arm() {
        guard !isArmed, !isCommitting, inFlight == nil, !open.isEmpty else { return }
        isArmed = true
        process.after(process.cluster.random.pick(20...200)) { [weak self] in self?.commit() }
    }

    func commit() {
        isArmed = false
        guard !isCommitting, inFlight == nil, !open.isEmpty else { return }
        guard mayCommit else { return discardOpen(.redirect(nil)) }
        // The record that starts a term is no client's.
        guard !isLeader || hasEnoughMembers else { return discardOpen(.redirect(nil)) }
        guard !process.node.isDiskFull else { return discardOpen(.redirect(nil)) }
        seal()
    }

    private func seal() {
        let queued = open
        let end = process.node.disk.terms.end
        let records = queued.compactMap { $0.record }
        let batch = SimulatedBatch.make(records, term: term, first: end.sequence + 1, commit: commitPosition.sequence)
        (open, inFlightQueued) = ([], queued)
        (openValues, inFlightValues) = ([:], openValues)
        guard process.node.disk.append(batch) else {
            return process.truth.fail("\(process.name) can't append \(batch.end)")
        }
        inFlight = batch
        inFlightIsDurable = false
        isCommitting = true
        notifyObservers()
        process.afterSync { [weak self] in self?.wasSynced(batch) }
    }

    private func wasSynced(_ batch: LogBatch) {
        isCommitting = false
        if process.node.durability == .fsync { process.node.disk.synced = max(process.node.disk.synced, batch.end) }
        if inFlight === batch {
            inFlightIsDurable = true
            commitInFlight()
        }
        notifyObservers()
        if isTermStart(batch) {
            termBegun?(.success(batch.end))
            termBegun = nil
        }
        finishStepDown()
    }

    private func isTermStart(_ batch: LogBatch) -> Bool {
        var isStart = false
        SimulatedBatch.forEach(batch) { record, _ in isStart = isStart || record.key == nil }
        return isStart
    }

    func commitInFlight() {
        guard let batch = inFlight, inFlightIsDurable,
            !quorum.waitsForReplicas || batch.end.sequence <= quorum.replicatedSequence
        else { return }
        guard mayCommit else {
            (isLeader, isBeginning) = (false, false)
            return depose()
        }
        // The set may have shrunk since the batch was sealed: too few disks for an acknowledgement.
        let isAcknowledged = !isLeader || hasEnoughMembers
        if !isLeader { process.truth.serve(process.node.disk.terms, by: process.name) }
        (isLeader, isBeginning) = (true, false)
        publish(through: batch.end.sequence)
        guard isAcknowledged else {
            depose()
            return notifyObservers()
        }
        let queued = inFlightQueued
        (inFlight, inFlightQueued, inFlightValues) = (nil, [], [:])
        var sequence = batch.firstSequence
        for item in queued {
            guard item.record != nil else { item.answer(nil); continue }
            item.answer(Position(term: batch.term, sequence: sequence))
            sequence += 1
        }
        arm()
        notifyObservers()
    }

    /// Makes visible what is on the disk, up to there.
    func publish(through sequence: UInt64) {
        let disk = process.node.disk
        guard sequence > commitPosition.sequence else { return }
        let first = disk.batches.lastIndex { $0.end.sequence <= commitPosition.sequence }.map { $0 + 1 } ?? 0
        for batch in disk.batches[first...] where batch.end.sequence <= sequence {
            SimulatedBatch.forEach(batch) { record, sequence in
                process.truth.publish(record, sequence: sequence, isLeader: isLeader, on: process.name)
                if let key = record.key { visible[key] = record.value }
            }
            commitPosition = batch.end
        }
        process.cluster.checkInSync(process.node.shard)
    }

    func discardOpen(_ reply: Command.Reply) {
        let queued = open
        (open, openValues) = ([], [:])
        for item in queued { item.refuse(reply) }
        failTerm()
        notifyObservers()
    }

    func depose() {
        let queued = inFlightQueued
        (inFlight, inFlightQueued, inFlightValues) = (nil, [], [:])
        for item in queued { item.refuse(.closed) }
        arm()
    }
}
