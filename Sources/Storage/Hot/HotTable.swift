import CCRC32C
import Glibc

/// The in-memory table of writes that are committed but not yet applied to the engine, and of recently used values.
///
/// Open addressing with linear probing over 32-bit hashes, so that a probe touches one cache line and growing needs no
/// look at the entries. Used under the store's lock.
package struct HotTable: ~Copyable {
    private var hashes: UnsafeMutablePointer<UInt32>
    private var entries: UnsafeMutablePointer<UnsafeMutablePointer<HotEntry>?>
    private var mask: Int
    package private(set) var count = 0
    /// Bytes of all entries; `bytesMax` bounds what may stay as cache.
    package private(set) var bytes = 0
    private let bytesMax: Int
    private var hand = 0

    /// A value larger than this is left to the engine: it would push out hundreds of others.
    package static let cachedValueBytesMax = 64 << 10
    /// Places the clock hand looks at per inserted entry at the most, so that no insert takes long.
    private static let evictionStepsMax = 64
    private static let initialCapacity = 1 << 12

    package init(bytesMax: Int) {
        self.bytesMax = bytesMax
        mask = HotTable.initialCapacity - 1
        hashes = .allocate(capacity: HotTable.initialCapacity)
        hashes.initialize(repeating: 0, count: HotTable.initialCapacity)
        entries = .allocate(capacity: HotTable.initialCapacity)
        entries.initialize(repeating: nil, count: HotTable.initialCapacity)
    }

    deinit {
        for index in 0...mask { free(entries[index]) }
        hashes.deallocate()
        entries.deallocate()
    }

    /// The entry of a key; valid until the table is changed.
    @inline(__always)
    package func find(_ key: UnsafeRawBufferPointer, hash: UInt32) -> UnsafeMutablePointer<HotEntry>? {
        guard let index = place(of: key, hash: hash) else { return nil }
        return entries[index]
    }

    /// Starts loading what `find` will look at first.
    @inline(__always)
    package func prefetchPlace(hash: UInt32) {
        let index = Int(hash) & mask
        shoal_prefetch(hashes + index)
        shoal_prefetch(entries + index)
    }

    /// Starts loading the entry that is probably the key's. The place has been loaded by now.
    @inline(__always)
    package func prefetchEntry(hash: UInt32) {
        let index = Int(hash) & mask
        if hashes[index] != 0, let entry = entries[index] {
            shoal_prefetch(entry)
            shoal_prefetch(UnsafeRawPointer(entry) + 64)
        }
    }

    /// Makes a committed put or delete visible.
    package mutating func publish(_ record: LogRecord, version: UInt64, hash: UInt32, appliedSequence: UInt64) {
        let entry = entryForWriting(
            record.key,
            hash: hash,
            valueBytes: record.value.count,
            appliedSequence: appliedSequence
        )
        entry.pointee.version = version
        entry.pointee.expiry = record.expiry
        entry.pointee.slot = record.slot
        entry.pointee.isDeleted = record.kind == .delete
        entry.setValue(record.value)
    }

    /// Keeps a value that was read from the engine at a view that includes the key's latest write.
    package mutating func fill(
        _ key: UnsafeRawBufferPointer,
        slot: UInt16,
        hash: UInt32,
        value: StoredValue,
        appliedSequence: UInt64
    ) {
        guard value.bytes.count <= HotTable.cachedValueBytesMax, bytesMax > 0 else { return }
        let entry = entryForWriting(
            key,
            hash: hash,
            valueBytes: value.bytes.count,
            appliedSequence: appliedSequence
        )
        entry.pointee.version = value.version
        entry.pointee.expiry = value.expiry
        entry.pointee.slot = slot
        entry.pointee.isDeleted = false
        entry.pointee.engineBytes = Int32(value.bytes.count)
        entry.pointee.engineExpiry = value.expiry
        entry.setValue(value.bytes)
    }

    /// Drops all entries of the slots: a `clearSlots` record was committed.
    package mutating func removeSlots(_ slots: ClosedRange<UInt16>) {
        removeAll { slots.contains($0.pointee.slot) }
    }

    /// Drops entries of the slots older than `version`: a read may have filled them in from the engine before it, too,
    /// cleared the slots.
    package mutating func removeSlots(_ slots: ClosedRange<UInt16>, before version: UInt64) {
        removeAll { slots.contains($0.pointee.slot) && $0.pointee.version < version }
    }

    /// What the engine holds for keys of these slots is no longer known.
    package func forgetEngineState(of slots: ClosedRange<UInt16>) {
        for index in 0...mask {
            guard let entry = entries[index], slots.contains(entry.pointee.slot) else { continue }
            entry.pointee.engineBytes = HotEntry.engineUnknown
        }
    }

    package mutating func removeAll() {
        removeAll { _ in true }
    }

    private mutating func removeAll(where isDoomed: (UnsafeMutablePointer<HotEntry>) -> Bool) {
        var survivors: [(UInt32, UnsafeMutablePointer<HotEntry>)] = []
        for index in 0...mask {
            guard let entry = entries[index] else { continue }
            if isDoomed(entry) {
                bytes -= entry.footprint
                count -= 1
                free(entry)
            } else {
                survivors.append((hashes[index], entry))
            }
            hashes[index] = 0
            entries[index] = nil
        }
        for (hash, entry) in survivors { insert(entry, hash: hash) }
    }

    private mutating func entryForWriting(
        _ key: UnsafeRawBufferPointer,
        hash: UInt32,
        valueBytes: Int,
        appliedSequence: UInt64
    ) -> UnsafeMutablePointer<HotEntry> {
        if let index = place(of: key, hash: hash), let old = entries[index] {
            let capacity = Int(old.pointee.valueCapacity)
            // A much smaller value gives the memory back, so that the byte bound means what it says.
            if valueBytes <= capacity, valueBytes * 4 >= capacity || capacity <= 64 { return old }
            let entry = HotEntry.allocate(key: key, valueCapacity: valueBytes)
            entry.pointee.engineBytes = old.pointee.engineBytes
            entry.pointee.engineExpiry = old.pointee.engineExpiry
            bytes += entry.footprint - old.footprint
            entries[index] = entry
            // The caller sets the version; until then the entry must not look evictable.
            entry.pointee.version = .max
            if bytes > bytesMax { evict(appliedSequence: appliedSequence) }
            free(old)
            return entry
        }
        if bytes > bytesMax { evict(appliedSequence: appliedSequence) }
        if (count + 1) * 4 > (mask + 1) * 3 { grow() }
        let entry = HotEntry.allocate(key: key, valueCapacity: valueBytes)
        insert(entry, hash: hash)
        count += 1
        bytes += entry.footprint
        return entry
    }

    @inline(__always)
    private func place(of key: UnsafeRawBufferPointer, hash: UInt32) -> Int? {
        var index = Int(hash) & mask
        while hashes[index] != 0 {
            if hashes[index] == hash, let entry = entries[index], Int(entry.pointee.keyLength) == key.count,
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
        while hashes[index] != 0 { index = (index + 1) & mask }
        hashes[index] = hash
        entries[index] = entry
    }

    /// Second-chance clock over applied entries; unapplied ones are the only copy and stay.
    private mutating func evict(appliedSequence: UInt64) {
        var removed = 0
        for _ in 0..<HotTable.evictionStepsMax {
            hand = (hand + 1) & mask
            guard let entry = entries[hand], entry.pointee.version <= appliedSequence else { continue }
            if entry.pointee.isReferenced {
                entry.pointee.isReferenced = false
                continue
            }
            remove(at: hand)
            removed += 1
            if removed == 2 { return }
        }
    }

    /// Backward-shift deletion: keeps probe chains whole without tombstones.
    private mutating func remove(at start: Int) {
        guard let entry = entries[start] else { return }
        bytes -= entry.footprint
        count -= 1
        free(entry)
        var hole = start
        var index = (hole + 1) & mask
        while hashes[index] != 0 {
            let home = Int(hashes[index]) & mask
            if (index - home) & mask >= (index - hole) & mask {
                hashes[hole] = hashes[index]
                entries[hole] = entries[index]
                hole = index
            }
            index = (index + 1) & mask
        }
        hashes[hole] = 0
        entries[hole] = nil
    }

    private mutating func grow() {
        let oldHashes = hashes
        let oldEntries = entries
        let oldCapacity = mask + 1
        let capacity = oldCapacity * 2
        mask = capacity - 1
        hashes = .allocate(capacity: capacity)
        hashes.initialize(repeating: 0, count: capacity)
        entries = .allocate(capacity: capacity)
        entries.initialize(repeating: nil, count: capacity)
        for index in 0..<oldCapacity {
            if let entry = oldEntries[index] { insert(entry, hash: oldHashes[index]) }
        }
        oldHashes.deallocate()
        oldEntries.deallocate()
    }
}

/// Whether two keys have the same bytes. Keys are short: eight bytes a step beat a call.
@inline(__always)
func isEqual(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    let count = left.count
    guard count == right.count, let a = left.baseAddress, let b = right.baseAddress else {
        return count == right.count && count == 0
    }
    if count > 64 { return memcmp(a, b, count) == 0 }
    var offset = 0
    while count - offset >= 8 {
        if a.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            != b.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        {
            return false
        }
        offset += 8
    }
    while offset < count {
        if a.load(fromByteOffset: offset, as: UInt8.self) != b.load(fromByteOffset: offset, as: UInt8.self) {
            return false
        }
        offset += 1
    }
    return true
}
