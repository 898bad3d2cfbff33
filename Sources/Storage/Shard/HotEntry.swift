import Glibc
import Synchronization

/// One key in the hot table: this header, then the key, then the value, in one allocation.
package struct HotEntry {
    /// The value's version: the sequence that wrote it, in this shard or in the one it came from.
    package var version: UInt64
    /// Where the newest committed write of the key (or the value read from the engine) stands in this shard's log, or
    /// before.
    package var sequence: UInt64
    /// Absolute expiry in milliseconds since 1970, 0 for never.
    package var expiry: UInt64
    /// What the engine held for this key before the write that made the entry dirty, so that counts stay exact
    /// without reading. Meaningless in a clean entry: the engine holds what the entry says.
    package var engineExpiry: UInt64
    package var engineBytes: Int32
    package var keyLength: UInt32
    package var valueLength: UInt32
    /// Room for the value in this allocation.
    package var valueCapacity: UInt32
    /// Its place in the hot table's list of dirty entries, while it is dirty.
    package var dirtyIndex: UInt32
    package var slot: UInt16
    package var isDeleted: Bool
    /// The clock bit: not 0 if read since the hand last passed. Readers set it at the same time (`noteRead`).
    package var referenced: UInt8

    /// `engineBytes` when nobody has looked yet.
    static let engineUnknown: Int32 = -2
    /// `engineBytes` when the key is not in the engine.
    static let engineAbsent: Int32 = -1
    static let headerBytes = MemoryLayout<HotEntry>.stride
    /// Where the clock bit stands: it is the last field.
    static let referencedAt = MemoryLayout<HotEntry>.offset(of: \HotEntry.referenced) ?? headerBytes

    /// An entry is made for a write that is committed: there is nobody left to refuse it to, and a table without it would
    /// lie. So a process without memory ends here; the log has the write.
    static func allocate(key: UnsafeRawBufferPointer, valueCapacity: Int) -> UnsafeMutablePointer<HotEntry> {
        guard let memory = malloc(headerBytes + key.count + valueCapacity) else {
            fatalError("out of memory for a value of \(valueCapacity) bytes")
        }
        if let base = key.baseAddress { (memory + headerBytes).copyMemory(from: base, byteCount: key.count) }
        let entry = memory.bindMemory(to: HotEntry.self, capacity: 1)
        entry.initialize(
            to: HotEntry(
                version: 0,
                sequence: 0,
                expiry: 0,
                engineExpiry: 0,
                engineBytes: engineUnknown,
                keyLength: UInt32(key.count),
                valueLength: 0,
                valueCapacity: UInt32(valueCapacity),
                dirtyIndex: 0,
                slot: 0,
                isDeleted: false,
                referenced: 0
            )
        )
        return entry
    }
}

extension HotEntry {
    /// A copy of what the engine has under a key; nil for nothing. Touches the engine's memory, which may wait for a disk:
    /// no lock may be held.
    package static func copy(of value: StoredValue?, key: UnsafeRawBufferPointer) -> UnsafeMutablePointer<HotEntry> {
        let entry = allocate(key: key, valueCapacity: value?.bytes.count ?? 0)
        entry.pointee.isDeleted = value == nil
        entry.pointee.version = value?.version ?? 0
        entry.pointee.expiry = value?.expiry ?? 0
        if let value { entry.setValue(value.bytes) }
        return entry
    }

    /// Gives back what `copy` made and no table took.
    package static func free(_ entry: UnsafeMutablePointer<HotEntry>) { Glibc.free(entry) }
}

extension UnsafeMutablePointer<HotEntry> {
    /// The value that a reader gets at that time, in milliseconds since 1970; nil when there is none. Borrows from the entry.
    @inline(__always)
    func visible(now: UInt64) -> StoredValue? {
        if pointee.isDeleted || pointee.expiry != 0 && pointee.expiry <= now { return nil }
        return StoredValue(version: pointee.version, expiry: pointee.expiry, bytes: value)
    }

    @inline(__always)
    package var key: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: UnsafeRawPointer(self) + HotEntry.headerBytes,
            count: Int(pointee.keyLength)
        )
    }

    @inline(__always)
    package var value: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            start: UnsafeRawPointer(self) + HotEntry.headerBytes + Int(pointee.keyLength),
            count: Int(pointee.valueLength)
        )
    }

    @inline(__always)
    func setValue(_ bytes: UnsafeRawBufferPointer) {
        pointee.valueLength = UInt32(bytes.count)
        if let base = bytes.baseAddress {
            (UnsafeMutableRawPointer(self) + HotEntry.headerBytes + Int(pointee.keyLength))
                .copyMemory(from: base, byteCount: bytes.count)
        }
    }

    @inline(__always)
    var footprint: Int { HotEntry.headerBytes + Int(pointee.keyLength) + Int(pointee.valueCapacity) }

    /// Notes that before this entry's next write the engine holds what `entry` says.
    @inline(__always)
    func noteEngineHoldsThis(of entry: UnsafeMutablePointer<HotEntry>) {
        pointee.engineBytes = entry.pointee.isDeleted ? HotEntry.engineAbsent : Int32(entry.pointee.valueLength)
        pointee.engineExpiry = entry.pointee.isDeleted ? 0 : entry.pointee.expiry
    }

    /// Sets the clock bit. Several readers may, at the same time.
    @inline(__always)
    func noteRead() {
        let bit = (UnsafeMutableRawPointer(self) + HotEntry.referencedAt).assumingMemoryBound(to: Atomic<UInt8>.self)
        if bit.pointee.load(ordering: .relaxed) == 0 { bit.pointee.store(1, ordering: .relaxed) }
    }

    /// What the applier may tell the engine about the key's present state.
    package var previous: PreviousValue {
        switch pointee.engineBytes {
        case HotEntry.engineUnknown: .unknown
        case HotEntry.engineAbsent: .absent
        default: .present(bytes: Int(pointee.engineBytes), expiry: pointee.engineExpiry)
        }
    }
}
