import CCRC32C
import Glibc
import Synchronization

/// What a key is, as far as memory can tell.
package enum KeyState: Sendable {
    case present, absent
    /// Only the engine knows: `ShardStore.warm` asks it, which may wait for a disk.
    case cold
}

/// What readers see without the store's lock: the hot table in stripes by slot, each under a lock of its own.
///
/// A slot is in one stripe, and all records of a batch that belong to a stripe become visible together: commands on several
/// keys of a slot see all of a batch or nothing. Which writes are visible is decided under the store's lock
/// (`publish`, `clear`, windows); `find`, `adopt` and `judge` are for any thread.
final class VisibleState: @unchecked Sendable {
    // Sendable: a table and its members are touched under the stripe's lock; what is marked so under the store's lock.
    /// As many as keep some tens of threads out of each other's way.
    static let stripeCount = 64
    private static let lockStride = 64

    /// The engine has all writes up to this sequence, in every view of it that begins after this was read.
    let applied = Atomic<UInt64>(0)
    /// Raised whenever the contents are replaced as a whole: what was read of the engine before means nothing.
    let replacements = Atomic<UInt64>(0)
    let budget: HotBudget
    private let tables: UnsafeMutablePointer<HotTable>
    private let locks: UnsafeMutableRawPointer
    /// The stripe that gives something up next.
    private let hand = Atomic<Int>(0)
    /// Memory that only the applier can give back, of entries behind and in the window being applied. Store's lock.
    private(set) var dirtyBytes = 0
    private(set) var takenBytes = 0

    init(bytesMax: Int) {
        budget = HotBudget(bytesMax: bytesMax, stripes: VisibleState.stripeCount)
        tables = .allocate(capacity: VisibleState.stripeCount)
        // Each on a cache line of its own.
        locks = .allocate(byteCount: VisibleState.stripeCount * VisibleState.lockStride, alignment: 64)
        for index in 0..<VisibleState.stripeCount {
            (tables + index).initialize(to: HotTable(budget: budget, slotStride: VisibleState.stripeCount))
            pthread_mutex_init(mutex(index), nil)
        }
    }

    deinit {
        for index in 0..<VisibleState.stripeCount { pthread_mutex_destroy(mutex(index)) }
        tables.deinitialize(count: VisibleState.stripeCount)
        tables.deallocate()
        locks.deallocate()
    }

    @inline(__always)
    private func mutex(_ index: Int) -> UnsafeMutablePointer<pthread_mutex_t> {
        (locks + index * VisibleState.lockStride).assumingMemoryBound(to: pthread_mutex_t.self)
    }

    @inline(__always)
    private func stripe(of slot: UInt16) -> Int { Int(slot) & (VisibleState.stripeCount - 1) }

    @inline(__always)
    private func withStripe<R>(_ index: Int, _ body: (UnsafeMutablePointer<HotTable>) -> R) -> R {
        pthread_mutex_lock(mutex(index))
        defer { pthread_mutex_unlock(mutex(index)) }
        return body(tables + index)
    }

    // MARK: Readers

    /// Finds a key at the time `now`, in milliseconds since 1970. Any thread; takes one stripe's lock.
    /// - Parameter body: called at most once, under that lock; the bytes live only inside the call.
    @inline(__always)
    func find(
        slot: UInt16,
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        now: UInt64,
        _ body: (StoredValue) -> Void
    ) -> KeyState {
        withStripe(stripe(of: slot)) { table in
            guard let entry = table.pointee.find(key, hash: hash) else { return .cold }
            guard let value = entry.visible(now: now) else { return .absent }
            entry.pointee.isReferenced = true
            body(value)
            return .present
        }
    }

    /// Whether the slot was cleared behind that sequence: then a view of the engine from there shows what is gone.
    func isCleared(_ slot: UInt16, after sequence: UInt64) -> Bool {
        withStripe(stripe(of: slot)) { $0.pointee.isCleared(slot, after: sequence) }
    }

    /// Keeps what a view of the engine showed, if nothing newer is known. `body` gets the key's value, if it is there now.
    /// - Parameters:
    ///   - entry: made of what was read; the table's own from here on, or freed.
    ///   - keeps: false judges only.
    /// - Returns: nil if the view is too old to tell.
    func adopt(
        _ entry: UnsafeMutablePointer<HotEntry>,
        slot: UInt16,
        hash: UInt32,
        floor: UInt64,
        now: UInt64,
        keeps: Bool,
        _ body: (StoredValue) -> Void
    ) -> KeyState? {
        var isKept = false
        let state = withStripe(stripe(of: slot)) { table -> KeyState? in
            let adoption =
                keeps
                ? table.pointee.adopt(entry, slot: slot, hash: hash, floor: floor)
                : table.pointee.judge(entry.key, slot: slot, hash: hash, floor: floor)
            let found: UnsafeMutablePointer<HotEntry>
            switch adoption {
            case .stale: return nil
            case .cleared: return .absent
            case .newer(let newer): found = newer
            case .adopted:
                isKept = keeps
                found = entry
            }
            guard let value = found.visible(now: now) else { return .absent }
            body(value)
            return .present
        }
        if !isKept { HotEntry.free(entry) }
        makeRoom()
        return state
    }

    /// What one stripe has too much, another may have to give up.
    private func makeRoom() {
        guard budget.isOver else { return }
        let index = hand.wrappingAdd(1, ordering: .relaxed).oldValue & (VisibleState.stripeCount - 1)
        withStripe(index) { $0.pointee.evict() }
    }

    // MARK: Writers. The store's lock is held.

    /// A record on its way into its stripe: where it stands in the batch, and the next one of the same stripe.
    private struct Place {
        var offset: UInt32
        var ordinal: UInt32
        var hash: UInt32
        var next: Int32
    }

    /// Makes a batch's records visible, stripe by stripe.
    /// - Parameters:
    ///   - other: called for records that change no key, after all records before them are visible.
    ///   - beforeKeys: called before records that change keys become visible, which may be more often than they stand
    ///     behind others.
    func publish(_ batch: LogBatch, other: (LogRecord, UInt64) -> Void, beforeKeys: () -> Void) {
        let bytes = batch.bytes
        let count = batch.count
        let none = Int32(-1)
        withUnsafeTemporaryAllocation(of: Place.self, capacity: count) { places in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: VisibleState.stripeCount * 2) { ends in
                ends.initialize(repeating: none)
                var waiting = 0
                var offset = LogBatch.headerBytes
                for index in 0..<count {
                    guard let record = LogRecord.decode(bytes, at: offset) else { break }
                    guard record.changesKey else {
                        if waiting > 0 {
                            beforeKeys()
                            publish(batch, places, ends)
                        }
                        waiting = 0
                        other(record, batch.firstSequence + UInt64(index))
                        offset += record.encodedBytes
                        continue
                    }
                    let place = Int32(index)
                    let (first, last) = (stripe(of: record.slot) * 2, stripe(of: record.slot) * 2 + 1)
                    places[index] = Place(
                        offset: UInt32(offset),
                        ordinal: UInt32(index),
                        hash: KeyHash.hash(record.key),
                        next: none
                    )
                    if ends[last] == none { ends[first] = place } else { places[Int(ends[last])].next = place }
                    ends[last] = place
                    waiting += 1
                    offset += record.encodedBytes
                }
                if waiting > 0 {
                    beforeKeys()
                    publish(batch, places, ends)
                }
            }
        }
        if budget.isOver { makeRoom() }
    }

    /// Records whose places and entries are loaded ahead: enough to cover a miss to memory.
    private static let lookahead = 8

    private func publish(
        _ batch: LogBatch,
        _ places: UnsafeMutableBufferPointer<Place>,
        _ ends: UnsafeMutableBufferPointer<Int32>
    ) {
        for index in 0..<VisibleState.stripeCount where ends[index * 2] >= 0 {
            withStripe(index) { table in
                let before = table.pointee.dirtyBytes
                var at = ends[index * 2]
                var ahead = at
                for _ in 0..<VisibleState.lookahead where ahead >= 0 {
                    table.pointee.prefetchPlace(hash: places[Int(ahead)].hash)
                    ahead = places[Int(ahead)].next
                }
                while at >= 0 {
                    let place = places[Int(at)]
                    if ahead >= 0 {
                        table.pointee.prefetchPlace(hash: places[Int(ahead)].hash)
                        ahead = places[Int(ahead)].next
                    }
                    if place.next >= 0 { table.pointee.prefetchEntry(hash: places[Int(place.next)].hash) }
                    if let record = LogRecord.decode(batch.bytes, at: Int(place.offset)) {
                        let sequence = batch.firstSequence + UInt64(place.ordinal)
                        table.pointee.publish(record, sequence: sequence, hash: place.hash)
                    }
                    at = place.next
                }
                dirtyBytes += table.pointee.dirtyBytes - before
            }
            ends[index * 2] = -1
            ends[index * 2 + 1] = -1
        }
    }

    /// Drops all entries of the slots: records that clear them were committed, the last with that sequence.
    func clear(_ slots: SlotSet, through sequence: UInt64) {
        var byStripe = [[UInt16]](repeating: [], count: VisibleState.stripeCount)
        for range in slots.ranges {
            for slot in range { byStripe[stripe(of: slot)].append(slot) }
        }
        for (index, slots) in byStripe.enumerated() where !slots.isEmpty {
            withStripe(index) { table in
                let before = table.pointee.dirtyBytes
                table.pointee.clear(slots, through: sequence)
                dirtyBytes += table.pointee.dirtyBytes - before
            }
        }
    }

    /// Whether there are entries of the slots.
    func holds(_ slots: SlotSet) -> Bool {
        slots.ranges.contains { range in
            range.contains { slot in withStripe(stripe(of: slot)) { $0.pointee.holds(slot) } }
        }
    }

    /// Hands what the engine lacks to the applier. One window at a time.
    /// - Parameter sequence: the last one that was published.
    func takeWindow(through sequence: UInt64) -> HotWindow {
        var window = HotWindow(entries: [])
        for index in 0..<VisibleState.stripeCount {
            withStripe(index) { window.entries += $0.pointee.takeWindow(through: sequence).entries }
        }
        takenBytes = dirtyBytes
        dirtyBytes = 0
        return window
    }

    /// The engine has the window that ends with that sequence.
    func endWindow(through sequence: UInt64) {
        // First: from here on a view may be taken for as new, and only then may anything be evicted.
        applied.store(sequence, ordering: .sequentiallyConsistent)
        for index in 0..<VisibleState.stripeCount { withStripe(index) { $0.pointee.endWindow() } }
        takenBytes = 0
    }

    /// Empties everything for contents that come from elsewhere and include that sequence. No window may be under way.
    func reset(applied sequence: UInt64) {
        replacements.wrappingAdd(1, ordering: .sequentiallyConsistent)
        applied.store(sequence, ordering: .sequentiallyConsistent)
        for index in 0..<VisibleState.stripeCount { withStripe(index) { $0.pointee.reset(applied: sequence) } }
        dirtyBytes = 0
        takenBytes = 0
    }

    /// Calls `body` for every entry that the engine may not have yet, under its stripe's lock.
    func forEachUnapplied(_ body: (UnsafeMutablePointer<HotEntry>) -> Void) {
        for index in 0..<VisibleState.stripeCount { withStripe(index) { $0.pointee.forEachUnapplied(body) } }
    }

    /// Entries of all stripes.
    var count: Int {
        (0..<VisibleState.stripeCount).reduce(0) { sum, index in sum + withStripe(index) { $0.pointee.count } }
    }
}
