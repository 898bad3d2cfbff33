import Model
import Synchronization

/// What is committed, and how far the engine has it. Those that commit (`WritePipeline`, `ReplicaLog`) publish into it, and
/// the applier takes windows out of it.
///
/// Guarded by the store's lock, but for what is atomic. Methods whose comment says nothing else are called with the lock
/// held.
final class CommittedState: @unchecked Sendable {
    // Sendable: all mutable state is guarded by the store's lock or atomic.

    /// All that was committed between two positions.
    struct Window {
        var hot: HotWindow
        /// Goes first: entries of these slots are younger than their clearing, older ones have left the table.
        var cleared: SlotSet
        var end: Position
        var ownership: (SlotOwnership, at: Position)?
    }

    private let lock: StoreLock
    private let options: StoreOptions
    private let visible: VisibleState
    private let slots: ServedSlots

    /// The newest visible record.
    private(set) var position = Position.zero {
        didSet { hasState.store(position != .zero, ordering: .sequentiallyConsistent) }
    }
    private let hasState = Atomic<Bool>(false)
    /// Up to where the engine has everything.
    private(set) var applied = Position.zero
    /// When the oldest write of the hot table's dirty entries was published; monotonic milliseconds.
    private var oldestDirtyAt: UInt64 = 0
    /// Log bytes since the last window was taken.
    @exclusivity(unchecked) private var unappliedLogBytes = 0
    /// Slots cleared by committed records that the engine has not seen: it is not asked about them.
    @exclusivity(unchecked) private(set) var clearing = SlotSet()
    /// The same, of records after the window being applied.
    private var clearedNext = SlotSet()
    /// Since when a window is being written to the engine, in monotonic milliseconds; nil while none is.
    private var applyingSince: UInt64?
    /// Somebody waits for the engine to have everything.
    private(set) var flushRequested = false
    /// Batches that are durable here but not yet known to be committed: a replica's, and those of earlier terms.
    private var uncommitted: [LogBatch] = []
    private let installs = Atomic<Bool>(false)

    init(lock: StoreLock, options: StoreOptions, visible: VisibleState, slots: ServedSlots) {
        self.lock = lock
        self.options = options
        self.visible = visible
        self.slots = slots
    }

    /// Whether a snapshot is being put in: what is here of it is no state the leader ever had. Changed under the lock, read
    /// by any thread.
    var isInstalling: Bool { installs.load(ordering: .sequentiallyConsistent) }

    /// Whether what is here is no state that the leader ever had: a snapshot is being put in, or nothing has come yet.
    /// Any thread.
    var holdsNoState: Bool { isInstalling || !hasState.load(ordering: .sequentiallyConsistent) }

    var isApplied: Bool { position.sequence <= applied.sequence }

    // MARK: Publishing

    /// Makes a batch that is at or below the commit position visible and leaves it to the applier.
    func publish(_ batch: LogBatch) {
        if unappliedLogBytes == 0 { oldestDirtyAt = Clock.monotonicMilliseconds() }
        visible.publish(batch) { cleared in
            clearing.formUnion(cleared)
            clearedNext.formUnion(cleared)
        } other: { record, sequence in
            slots.publish(record, at: Position(term: batch.term, sequence: sequence))
        }
        position = batch.end
        unappliedLogBytes += batch.bytes.count
        if visible.dirtyBytes >= options.applyBytes || unappliedLogBytes >= options.applyLogBytes { lock.signalWork() }
    }

    /// Keeps batches until it is known whether they are committed.
    func keepAside(_ batches: [LogBatch]) { uncommitted.append(contentsOf: batches) }

    /// The log was cut there.
    func dropUncommitted(after position: Position) { uncommitted.removeAll { $0.end > position } }

    /// Records of earlier terms, and those a replica has not been told to be committed.
    func publishUncommitted(through sequence: UInt64) {
        var published = 0
        while published < uncommitted.count, uncommitted[published].end.sequence <= sequence {
            publish(uncommitted[published])
            published += 1
        }
        uncommitted.removeFirst(published)
    }

    // MARK: The applier

    func requestFlush() {
        flushRequested = true
        lock.signalWork()
    }

    /// There is nothing to flush: whoever asked goes on.
    func endFlush() {
        guard flushRequested else { return }
        flushRequested = false
        lock.signalProgress()
    }

    var isApplyDue: Bool {
        flushRequested || visible.dirtyBytes >= options.applyBytes || unappliedLogBytes >= options.applyLogBytes
            || Clock.monotonicMilliseconds() - oldestDirtyAt >= UInt64(options.applyAgeMilliseconds)
    }

    /// An engine that takes longer for a window is stuck, in milliseconds: the largest ones take a fraction of it.
    private static let stuckAfter: UInt64 = 2000

    /// Whether the engine neither takes nor refuses a window: a disk that does not answer.
    var isStuck: Bool {
        guard let applyingSince else { return false }
        return Clock.monotonicMilliseconds() - applyingSince > CommittedState.stuckAfter
    }

    /// Takes all that the engine lacks, one window at a time.
    func takeWindow() -> Window {
        flushRequested = false
        unappliedLogBytes = 0
        applyingSince = Clock.monotonicMilliseconds()
        defer { clearedNext = SlotSet() }
        return Window(
            hot: visible.takeWindow(through: position.sequence),
            cleared: clearedNext,
            end: position,
            ownership: slots.takeUnsaved()
        )
    }

    /// - Parameter isApplied: whether the engine has it; otherwise the store closes, or the contents are replaced.
    func endWindow(_ window: Window, isApplied: Bool) {
        applyingSince = nil
        guard isApplied else { return }
        visible.endWindow(through: window.end.sequence)
        applied = window.end
        clearing = clearedNext
    }

    // MARK: Opening, and snapshots

    /// While the store opens: the engine has everything up to there, and that is committed.
    func begin(at position: Position) {
        applied = position
        self.position = position
    }

    /// Empties what is visible for a snapshot. Waits for the applier to let go.
    func beginInstall() {
        installs.store(true, ordering: .sequentiallyConsistent)
        uncommitted = []
        lock.signalWork()
        while applyingSince != nil { lock.waitForProgress(milliseconds: CommittedState.applierPause) }
        visible.reset(applied: 0)
        slots.replace(nil)
    }

    /// The applier's end wakes what waits; this only bounds what a lost wake could cost, in milliseconds.
    private static let applierPause = 1000

    /// The engine has a snapshot as of that position.
    func finishInstall(at position: Position, owned: SlotOwnership?) {
        begin(at: position)
        visible.reset(applied: position.sequence)
        clearing = SlotSet()
        clearedNext = SlotSet()
        unappliedLogBytes = 0
        slots.replace(owned)
        installs.store(false, ordering: .sequentiallyConsistent)
    }
}
