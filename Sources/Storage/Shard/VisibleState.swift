import Glibc
import Model
import Synchronization

/// What a key is, as far as memory can tell.
package enum KeyState: Sendable {
    case present, absent
    /// Only the engine knows: `ShardStore.fetch` asks it, which may wait for a disk.
    case cold
}

/// What readers see without the store's lock: the hot table, under a lock of which each reader has a side of its own.
///
/// A batch becomes visible as a whole. Which writes are visible is decided under the store's lock (`publish`, windows,
/// `reset`); `find`, `adopt` and `judge` are for any thread. Whoever changes something takes all sides, so no reader may be
/// inside its own then: `ShardStore.leave` comes first.
final class VisibleState: @unchecked Sendable {
    // Sendable: the table is read inside a side and changed inside all of them; what is marked so is the store's lock's.
    /// The engine has all writes up to this sequence, in every view of it that begins after this was read.
    let applied = Atomic<UInt64>(0)
    /// Raised whenever the contents are replaced as a whole: what was read of the engine before means nothing.
    let replacements = Atomic<UInt64>(0)
    private let table: UnsafeMutablePointer<HotTable>
    /// Held by who changes something; guards `sides`.
    private let changing = StoreLock()
    private var sides: [ReadSide] = []
    /// The side of threads that read now and then, one after the other.
    private let guests = ReadSide()

    init(bytesMax: Int) {
        table = .allocate(capacity: 1)
        table.initialize(to: HotTable(bytesMax: bytesMax))
        sides = [guests]
    }

    deinit {
        table.deinitialize(count: 1)
        table.deallocate()
    }

    /// A side for a reader that reads often; it goes back with `remove`.
    func makeSide() -> ReadSide {
        let side = ReadSide()
        changing.withLock { sides.append(side) }
        return side
    }

    func remove(_ side: ReadSide) {
        changing.withLock { sides.removeAll { $0 === side } }
    }

    /// Nobody reads while `body` runs: no longer than a batch takes.
    @inline(__always)
    private func change<R>(_ body: (UnsafeMutablePointer<HotTable>) -> R) -> R {
        changing.lock()
        for side in sides { pthread_mutex_lock(side.mutex) }
        defer {
            for side in sides { pthread_mutex_unlock(side.mutex) }
            changing.unlock()
        }
        return body(table)
    }

    /// For threads that have no side of their own.
    @inline(__always)
    private func look<R>(_ body: (UnsafeMutablePointer<HotTable>) -> R) -> R {
        pthread_mutex_lock(guests.mutex)
        defer { pthread_mutex_unlock(guests.mutex) }
        return body(table)
    }

    // MARK: Readers

    /// Finds a key at the time `now`, in milliseconds since 1970.
    /// - Parameters:
    ///   - side: the caller's own, which it is inside of at the return; nil: of a thread that has none.
    ///   - body: called at most once, inside; the bytes live only inside the call.
    @inline(__always)
    func find(
        key: UnsafeRawBufferPointer,
        hash: UInt32,
        now: UInt64,
        side: ReadSide?,
        _ body: (StoredValue) -> Void
    ) -> KeyState {
        guard let side else { return look { VisibleState.find(in: $0, key, hash, now, body) } }
        side.enter()
        return VisibleState.find(in: table, key, hash, now, body)
    }

    /// Starts loading what `find` will look at for keys with these hashes: places first, then the entries there, so that
    /// waiting for memory overlaps.
    /// - Parameter side: the caller's own, which it is inside of at the return.
    func prefetch(_ hashes: UnsafeBufferPointer<UInt32>, side: ReadSide) {
        side.enter()
        for hash in hashes { table.pointee.prefetchPlace(hash: hash) }
        for hash in hashes { table.pointee.prefetchEntry(hash: hash) }
    }

    @inline(__always)
    private static func find(
        in table: UnsafeMutablePointer<HotTable>,
        _ key: UnsafeRawBufferPointer,
        _ hash: UInt32,
        _ now: UInt64,
        _ body: (StoredValue) -> Void
    ) -> KeyState {
        guard let entry = table.pointee.find(key, hash: hash) else { return .cold }
        guard let value = entry.visible(now: now) else { return .absent }
        entry.noteRead()
        body(value)
        return .present
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
        let judge: (UnsafeMutablePointer<HotTable>) -> KeyState? = { table in
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
        let state = keeps ? change(judge) : look(judge)
        if !isKept { HotEntry.free(entry) }
        return state
    }

    // MARK: Writers. The store's lock is held.

    /// Memory that only the applier can give back, of entries after and in the window being applied. Changed under the
    /// store's lock alone.
    var dirtyBytes: Int { table.pointee.dirtyBytes }
    var takenBytes: Int { table.pointee.takenBytes }

    /// Records whose table places and entries are loaded ahead: enough to cover a miss to memory.
    private static let lookahead = 12

    /// Makes a batch visible. Three passes in one, each ahead of the next: hash and load the place, load the entry, write.
    /// - Parameters:
    ///   - cleared: called for slots that were cleared, together with the sequence of the last clearing; clears that
    ///     stand together (`/clean` writes one per slot) cost one walk over the table.
    ///   - other: called for records that concern no key and no slot.
    func publish(_ batch: LogBatch, cleared: (SlotSet) -> Void, other: (LogRecord, UInt64) -> Void) {
        let bytes = batch.bytes
        let count = batch.count
        let ring = VisibleState.lookahead * 2
        change { table in
            var doomed = SlotSet()
            var doomedThrough: UInt64 = 0
            func clear() {
                guard !doomed.isEmpty else { return }
                table.pointee.clear(doomed, through: doomedThrough)
                cleared(doomed)
                doomed = SlotSet()
            }
            withUnsafeTemporaryAllocation(of: UInt32.self, capacity: ring) { hashes in
                var ahead = LogBatch.headerBytes
                var offset = LogBatch.headerBytes
                var hashed = 0
                for index in 0..<count {
                    while hashed < count, hashed < index + ring, let record = LogRecord.decode(bytes, at: ahead) {
                        let hash = KeyHash.hash(record.key)
                        hashes[hashed % ring] = hash
                        table.pointee.prefetchPlace(hash: hash)
                        ahead += record.encodedBytes
                        hashed += 1
                    }
                    let next = index + VisibleState.lookahead
                    if next < hashed { table.pointee.prefetchEntry(hash: hashes[next % ring]) }
                    guard let record = LogRecord.decode(bytes, at: offset) else { return }
                    offset += record.encodedBytes
                    let sequence = batch.firstSequence + UInt64(index)
                    switch record.kind {
                    case .put, .delete, .importPut:
                        clear()
                        table.pointee.publish(record, sequence: sequence, hash: hashes[index % ring])
                    case .clearSlots:
                        doomed.insert(record.slot...max(record.slot, record.lastSlot))
                        doomedThrough = sequence
                    case .ownership, .termStart, .jump: other(record, sequence)
                    }
                }
            }
            clear()
        }
    }

    /// Whether there are entries of the slots.
    func holds(_ slots: SlotSet) -> Bool { look { $0.pointee.holds(slots) } }

    /// Hands what the engine lacks to the applier. One window at a time.
    /// - Parameter sequence: the last one that was published.
    func takeWindow(through sequence: UInt64) -> HotWindow { change { $0.pointee.takeWindow(through: sequence) } }

    /// The engine has the window that ends with that sequence.
    func endWindow(through sequence: UInt64) {
        // First: from here on a view may be taken for as new, and only then may anything be evicted.
        applied.store(sequence, ordering: .sequentiallyConsistent)
        change { $0.pointee.endWindow() }
    }

    /// Empties everything for other contents, which include that sequence. No window may be under way.
    func reset(applied sequence: UInt64) {
        replacements.wrappingAdd(1, ordering: .sequentiallyConsistent)
        applied.store(sequence, ordering: .sequentiallyConsistent)
        change { $0.pointee.reset(applied: sequence) }
    }

    /// Calls `body` for every entry that the engine may not have yet.
    func forEachUnapplied(_ body: (UnsafeMutablePointer<HotEntry>) -> Void) {
        look { $0.pointee.forEachUnapplied(body) }
    }

    /// Entries, and their bytes.
    var size: (entries: Int, bytes: Int) { look { ($0.pointee.count, $0.pointee.bytes) } }
}
