import Model
import Synchronization

/// The part of an engine that lives in memory: counts of all slots and positions. The applier changes it after its
/// transaction went through; any thread reads it.
final class EngineLedger: Sendable {
    private struct State {
        var meta: EngineMeta
        var durable: Position
        var counts: [SlotCount]
        var total: SlotCount
    }

    private let state: Mutex<State>
    private let checked: Atomic<Bool>

    /// - Parameter meta: as found on disk, so its position is durable.
    init(meta: EngineMeta, counts: [SlotCount]) {
        let total = counts.reduce(into: SlotCount()) { sum, count in
            sum.keys += count.keys
            sum.bytes += count.bytes
        }
        checked = Atomic(meta.isChecked)
        state = Mutex(State(meta: meta, durable: meta.position, counts: counts, total: total))
    }

    /// Whether all records of states that are newer than this call have checksums. Asked before a view is begun, it holds for
    /// that view. Any thread.
    var isChecked: Bool { checked.load(ordering: .acquiring) }

    var meta: EngineMeta { state.withLock { $0.meta } }

    /// The engine's own record with another position.
    func meta(at position: Position, isComplete: Bool? = nil) -> EngineMeta {
        var meta = meta
        meta.position = position
        if let isComplete { meta.isComplete = isComplete }
        return meta
    }

    var durable: Position { state.withLock { $0.durable } }
    var total: SlotCount { state.withLock { $0.total } }

    func counts(of slots: ClosedRange<UInt16>) -> [SlotCount] {
        let range = Int(slots.lowerBound)...min(Int(slots.upperBound), StorageLimits.slotCount - 1)
        return state.withLock { Array($0.counts[range]) }
    }

    /// Writes a page as it will be after `changes`; the ledger itself is unchanged.
    func encode(page: Int, after changes: CountChanges, into target: UnsafeMutableRawBufferPointer) {
        let range = (page * CountPage.slots)..<((page + 1) * CountPage.slots)
        var counts = state.withLock { $0.counts[range] }
        for entry in changes.entries where range.contains(Int(entry.slot)) {
            counts[Int(entry.slot)].change(entry)
        }
        CountPage.encode(counts, page: page, into: target)
    }

    /// Takes over what a transaction has stored.
    func commit(_ changes: CountChanges, meta: EngineMeta) {
        state.withLock { state in
            for entry in changes.entries {
                state.counts[Int(entry.slot)].change(entry)
                state.total.change(entry)
            }
            state.meta = meta
        }
        checked.store(meta.isChecked, ordering: .releasing)
    }

    /// Forgets all counts, as `eraseAll` does on disk.
    func reset(meta: EngineMeta) {
        state.withLock { state in
            state.counts = Array(repeating: SlotCount(), count: StorageLimits.slotCount)
            state.total = SlotCount()
            state.meta = meta
        }
        checked.store(meta.isChecked, ordering: .releasing)
    }

    /// Everything applied so far is on disk. Called by the applier, so nothing was applied since its sync began.
    func markDurable() { state.withLock { $0.durable = $0.meta.position } }
}

extension SlotCount {
    /// Wrong knowledge of a previous value could take a count below zero: it then stays at zero instead of trapping.
    fileprivate mutating func change(_ entry: CountChanges.Entry) {
        keys = UInt64(max(0, Int64(clamping: keys) + entry.keys))
        bytes = UInt64(max(0, Int64(clamping: bytes) + entry.bytes))
    }
}
