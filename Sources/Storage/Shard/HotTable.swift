import CCRC32C
import Glibc
import Model

/// The in-memory table of writes that are committed but not yet applied to the engine, and of recently used values.
///
/// Open addressing with linear probing over hashes that stand beside their entries, so that a probe touches one cache line
/// and growing needs no look at the entries. Part of `VisibleState`, which guards it.
///
/// An entry is, by its sequence, *clean* (the engine holds exactly this), *taken* (in the window that the applier is
/// writing to the engine now, so neither changed nor freed), or *dirty* (listed for the next window).
package struct HotTable: ~Copyable {
    private var places: HotPlaces
    package private(set) var count = 0
    /// Bytes of all entries; `bytesMax` bounds what may stay as cache.
    package private(set) var bytes = 0
    private let bytesMax: Int
    /// Entries of each slot.
    private let ofSlot: UnsafeMutablePointer<UInt32>
    /// The sequence of each slot's newest clearing: an older view of the engine still shows what was cleared.
    private let clearedThrough: UnsafeMutablePointer<UInt64>
    /// The newest sequence that was evicted: a view of the engine that is older may lack it.
    private var evictedThrough: UInt64 = 0
    private var hand = 0

    /// The engine holds all writes up to this sequence.
    package internal(set) var applied: UInt64 = 0
    /// The window being applied holds all writes up to this sequence; equal to `applied` between windows.
    var taken: UInt64 = 0
    /// Entries with writes after `taken`, each once; nil where one was removed.
    var dirty: [UnsafeMutablePointer<HotEntry>?] = []
    /// Memory that only the applier can give back: of dirty entries, and of those in the window being applied.
    package internal(set) var dirtyBytes = 0
    package internal(set) var takenBytes = 0
    /// Taken entries that are no longer in the table; freed when their window ends.
    var retired: [UnsafeMutablePointer<HotEntry>] = []

    /// A value larger than this is left to the engine: it would push out hundreds of others.
    package static let cachedValueBytesMax = 64 << 10
    /// Places the clock hand looks at per inserted entry at the most, so that no insert takes long.
    private static let evictionStepsMax = 64
    /// The hand stands still while less than this part of all bytes is clean: it would pass hardly anything but what
    /// only the applier can give back (11 % of the time of a replica that catches up was spent so).
    private static let evictableShare = 32
    private static let initialCapacity = 1 << 12

    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
        ofSlot = .allocate(capacity: StorageLimits.slotCount)
        ofSlot.initialize(repeating: 0, count: StorageLimits.slotCount)
        clearedThrough = .allocate(capacity: StorageLimits.slotCount)
        clearedThrough.initialize(repeating: 0, count: StorageLimits.slotCount)
        places = HotPlaces(capacity: HotTable.initialCapacity)
    }

    deinit {
        for index in 0...mask { free(places[index].entry) }
        for entry in retired { free(entry) }
        places.deallocate()
        ofSlot.deallocate()
        clearedThrough.deallocate()
    }

    @inline(__always)
    private var mask: Int { places.mask }

    @inline(__always)
    private func place(ofSlot slot: UInt16) -> Int { Int(slot) % StorageLimits.slotCount }

    /// The entry of a key; valid until the table is changed.
    @inline(__always)
    package func find(_ key: UnsafeRawBufferPointer, hash: UInt32) -> UnsafeMutablePointer<HotEntry>? {
        guard let index = place(of: key, hash: hash) else { return nil }
        return places[index].entry
    }

    /// Starts loading what `find` will look at first.
    @inline(__always)
    package func prefetchPlace(hash: UInt32) {
        shoal_prefetch(places.pointer(at: Int(hash) & mask))
    }

    /// Starts loading the entry that is probably the key's. The place has been loaded by now.
    @inline(__always)
    package func prefetchEntry(hash: UInt32) {
        if let entry = places[Int(hash) & mask].entry {
            shoal_prefetch(entry)
            shoal_prefetch(UnsafeRawPointer(entry) + 64)
            shoal_prefetch(UnsafeRawPointer(entry) + 128)
        }
    }

    /// Makes a committed record that changes a key visible.
    package mutating func publish(_ record: LogRecord, sequence: UInt64, hash: UInt32) {
        let content = record.content
        let entry = entryForWriting(record.key, slot: record.slot, hash: hash, valueBytes: content.count)
        entry.pointee.sequence = sequence
        entry.pointee.version = record.version(at: sequence)
        entry.pointee.expiry = record.expiry
        entry.pointee.isDeleted = record.kind == .delete
        entry.setValue(content)
    }

    /// What became of something that was read from the engine.
    package enum Adoption {
        case adopted
        /// The table has the key by now: that is at least as new.
        case newer(UnsafeMutablePointer<HotEntry>)
        /// The slot was cleared after the view: the key is not there.
        case cleared
        /// The view may lack what was evicted meanwhile: read again.
        case stale
    }

    /// Judges what a view of the engine showed for a key, and keeps it as cache.
    /// - Parameters:
    ///   - entry: made of it; the table's own if it is adopted.
    ///   - floor: the engine's view has at least all writes up to this sequence.
    package mutating func adopt(
        _ entry: UnsafeMutablePointer<HotEntry>,
        slot: UInt16,
        hash: UInt32,
        floor: UInt64
    ) -> Adoption {
        let judged = judge(entry.key, slot: slot, hash: hash, floor: floor)
        guard case .adopted = judged else { return judged }
        entry.pointee.slot = slot
        entry.pointee.sequence = floor
        add(entry, slot: slot, hash: hash)
        return .adopted
    }

    /// The same without keeping it.
    package func judge(_ key: UnsafeRawBufferPointer, slot: UInt16, hash: UInt32, floor: UInt64) -> Adoption {
        if let found = find(key, hash: hash) { return .newer(found) }
        if clearedThrough[place(ofSlot: slot)] > floor { return .cleared }
        return evictedThrough > floor ? .stale : .adopted
    }

    /// Whether the newest clearing of the slot is after that sequence.
    package func isCleared(_ slot: UInt16, after sequence: UInt64) -> Bool {
        clearedThrough[place(ofSlot: slot)] > sequence
    }

    /// Whether there are entries of the slots.
    package func holds(_ slots: SlotSet) -> Bool {
        slots.ranges.contains { range in range.contains { ofSlot[place(ofSlot: $0)] > 0 } }
    }

    /// Drops all entries of the slots: records that clear them were committed, the last one with that sequence. Looks at
    /// entries only if there are some.
    package mutating func clear(_ slots: SlotSet, through sequence: UInt64) {
        for range in slots.ranges {
            for slot in range { clearedThrough[place(ofSlot: slot)] = sequence }
        }
        guard holds(slots) else { return }
        removeAll { slots.contains($0.pointee.slot) }
    }

    package mutating func removeAll() {
        removeAll { _ in true }
    }

    /// The contents are replaced: what was cleared and evicted says nothing of them.
    mutating func forgetPast() {
        evictedThrough = 0
        clearedThrough.update(repeating: 0, count: StorageLimits.slotCount)
    }

    func forEachEntry(_ body: (UnsafeMutablePointer<HotEntry>) -> Void) {
        for index in 0...mask {
            if let entry = places[index].entry { body(entry) }
        }
    }

    /// Places whose entries are loaded ahead: entries lie anywhere.
    private static let sweepLookahead = 16

    private mutating func removeAll(where isDoomed: (UnsafeMutablePointer<HotEntry>) -> Bool) {
        var index = 0
        while index <= mask {
            if let ahead = places[(index + HotTable.sweepLookahead) & mask].entry { shoal_prefetch(ahead) }
            // What fills a place that was given up stood after it, and is looked at in its turn.
            if let entry = places[index].entry, isDoomed(entry) {
                unlink(at: index)
                discard(entry)
            } else {
                index += 1
            }
        }
    }

    /// Gives up an entry that is in the table no longer.
    private mutating func discard(_ entry: UnsafeMutablePointer<HotEntry>) {
        bytes -= entry.footprint
        if entry.pointee.sequence > taken {
            dirty[Int(entry.pointee.dirtyIndex)] = nil
            dirtyBytes -= entry.footprint
        } else if entry.pointee.sequence > applied {
            retired.append(entry)
            return
        }
        free(entry)
    }

    private mutating func entryForWriting(
        _ key: UnsafeRawBufferPointer,
        slot: UInt16,
        hash: UInt32,
        valueBytes: Int
    ) -> UnsafeMutablePointer<HotEntry> {
        guard let index = place(of: key, hash: hash), let old = places[index].entry else {
            let entry = insertEntry(key, slot: slot, hash: hash, valueBytes: valueBytes)
            addDirty(entry)
            return entry
        }
        let capacity = Int(old.pointee.valueCapacity)
        // A much smaller value gives the memory back, so that the byte bound means what it says.
        let fits = valueBytes <= capacity && (valueBytes * 4 >= capacity || capacity <= 64)
        if old.pointee.sequence > taken {
            return fits ? old : replace(old, at: index, key, valueBytes)
        }
        // From here on the engine holds (or will, when its window ends) what the entry says now.
        if fits, old.pointee.sequence <= applied {
            old.noteEngineHoldsThis(of: old)
            addDirty(old)
            return old
        }
        return replace(old, at: index, key, valueBytes)
    }

    private mutating func insertEntry(
        _ key: UnsafeRawBufferPointer,
        slot: UInt16,
        hash: UInt32,
        valueBytes: Int
    ) -> UnsafeMutablePointer<HotEntry> {
        let entry = HotEntry.allocate(key: key, valueCapacity: valueBytes)
        entry.pointee.slot = slot
        add(entry, slot: slot, hash: hash)
        return entry
    }

    private mutating func add(_ entry: UnsafeMutablePointer<HotEntry>, slot: UInt16, hash: UInt32) {
        if bytes > bytesMax { evict() }
        if (count + 1) * 4 > (mask + 1) * 3 { grow() }
        insert(entry, hash: hash)
        count += 1
        ofSlot[place(ofSlot: slot)] &+= 1
        bytes += entry.footprint
    }

    /// A new allocation for the key in the old one's place.
    private mutating func replace(
        _ old: UnsafeMutablePointer<HotEntry>,
        at index: Int,
        _ key: UnsafeRawBufferPointer,
        _ valueBytes: Int
    ) -> UnsafeMutablePointer<HotEntry> {
        let entry = HotEntry.allocate(key: key, valueCapacity: valueBytes)
        entry.pointee.slot = old.pointee.slot
        places[index].entry = entry
        bytes += entry.footprint
        if old.pointee.sequence > taken {
            entry.pointee.engineBytes = old.pointee.engineBytes
            entry.pointee.engineExpiry = old.pointee.engineExpiry
        } else {
            entry.noteEngineHoldsThis(of: old)
        }
        discard(old)
        addDirty(entry)
        // The caller sets the sequence; until then the entry must not look evictable.
        entry.pointee.sequence = .max
        if bytes > bytesMax { evict() }
        return entry
    }

    @inline(__always)
    private mutating func addDirty(_ entry: UnsafeMutablePointer<HotEntry>) {
        entry.pointee.dirtyIndex = UInt32(truncatingIfNeeded: dirty.count)
        dirty.append(entry)
        dirtyBytes += entry.footprint
    }

    @inline(__always)
    private func place(of key: UnsafeRawBufferPointer, hash: UInt32) -> Int? {
        var index = Int(hash) & mask
        while let entry = places[index].entry {
            if places[index].hash == hash, Int(entry.pointee.keyLength) == key.count,
                isEqual(entry.key, key)
            {
                return index
            }
            index = (index + 1) & mask
        }
        return nil
    }

    private func insert(_ entry: UnsafeMutablePointer<HotEntry>, hash: UInt32) {
        var index = Int(hash) & mask
        while places[index].entry != nil { index = (index + 1) & mask }
        places[index] = HotPlaces.Place(entry: entry, hash: hash)
    }

    /// Second-chance clock over clean entries; the others are the only copy and stay.
    private mutating func evict() {
        guard (bytes - dirtyBytes - takenBytes) * HotTable.evictableShare >= bytes else { return }
        var removed = 0
        for _ in 0..<HotTable.evictionStepsMax {
            hand = (hand + 1) & mask
            guard let entry = places[hand].entry, entry.pointee.sequence <= applied else { continue }
            if entry.pointee.referenced != 0 {
                entry.pointee.referenced = 0
                continue
            }
            remove(at: hand)
            removed += 1
            if removed == 2 { return }
        }
    }

    /// For an entry that the engine holds as it is.
    private mutating func remove(at index: Int) {
        guard let entry = places[index].entry else { return }
        evictedThrough = max(evictedThrough, entry.pointee.sequence)
        unlink(at: index)
        bytes -= entry.footprint
        free(entry)
    }

    /// Takes an entry out of the table. Backward-shift deletion: keeps probe chains whole without tombstones.
    private mutating func unlink(at start: Int) {
        guard let entry = places[start].entry else { return }
        count -= 1
        ofSlot[place(ofSlot: entry.pointee.slot)] &-= 1
        var hole = start
        var index = (hole + 1) & mask
        while places[index].entry != nil {
            let home = Int(places[index].hash) & mask
            if (index - home) & mask >= (index - hole) & mask {
                places[hole] = places[index]
                hole = index
            }
            index = (index + 1) & mask
        }
        places[hole] = HotPlaces.Place()
    }

    private mutating func grow() {
        let old = places
        places = HotPlaces(capacity: (old.mask + 1) * 2)
        for index in 0...old.mask {
            if let entry = old[index].entry { insert(entry, hash: old[index].hash) }
        }
        old.deallocate()
    }
}
