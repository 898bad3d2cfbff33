import Model

/// What a batch does to the counts of slots. Writes come sorted by slot, so each slot is mostly one entry.
struct CountChanges {
    struct Entry {
        var slot: UInt16
        var keys: Int64
        var bytes: Int64
    }

    private(set) var entries: [Entry] = []

    mutating func add(slot: UInt16, keys: Int64, bytes: Int64) {
        if let last = entries.indices.last, entries[last].slot == slot {
            entries[last].keys += keys
            entries[last].bytes += bytes
        } else {
            entries.append(Entry(slot: slot, keys: keys, bytes: bytes))
        }
    }

    /// Counts one write.
    /// - Parameters:
    ///   - old: length of the value before, nil if there was none.
    ///   - new: length of the value after, nil if it was deleted.
    mutating func replace(slot: UInt16, keyBytes: Int, old: Int?, new: Int?) {
        let before = old.map { Int64($0 + keyBytes) } ?? 0
        let after = new.map { Int64($0 + keyBytes) } ?? 0
        let keys: Int64 = (new == nil ? 0 : 1) - (old == nil ? 0 : 1)
        add(slot: slot, keys: keys, bytes: after - before)
    }

    /// The pages the entries fall in, ascending.
    var pages: [Int] {
        var touched = [Bool](repeating: false, count: CountPage.count)
        for entry in entries where entry.keys != 0 || entry.bytes != 0 {
            touched[CountPage.index(of: entry.slot)] = true
        }
        return touched.indices.filter { touched[$0] }
    }
}

/// The persisted form of the counts: pages of 256 slots, so that a batch rewrites only those it touched.
/// Per slot keys (8 bytes) and bytes (8), little endian, then the CRC32C of all of them and the page's number (4). Programs before
/// engine format 3 wrote no checksum.
enum CountPage {
    static let slots = 256
    static let count = StorageLimits.slotCount / slots
    static let slotBytes = 16
    static let byteCount = countBytes + 4
    private static let countBytes = slots * slotBytes

    static func index(of slot: UInt16) -> Int { Int(slot) / slots }

    static func encode(_ counts: ArraySlice<SlotCount>, page: Int, into target: UnsafeMutableRawBufferPointer) {
        for (at, count) in counts.enumerated() {
            target.storeBytes(of: count.keys.littleEndian, toByteOffset: at * slotBytes, as: UInt64.self)
            target.storeBytes(of: count.bytes.littleEndian, toByteOffset: at * slotBytes + 8, as: UInt64.self)
        }
        let checksum = checksum(UnsafeRawBufferPointer(target), page: page)
        target.storeBytes(of: checksum.littleEndian, toByteOffset: countBytes, as: UInt32.self)
    }

    private static func checksum(_ bytes: UnsafeRawBufferPointer, page: Int) -> UInt32 {
        let crc = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<countBytes]))
        return withUnsafeBytes(of: UInt32(truncatingIfNeeded: page).littleEndian) { CRC32C.extend(crc, $0) }
    }

    static func decode(
        _ bytes: UnsafeRawBufferPointer,
        page: Int,
        into counts: inout [SlotCount],
        folder: String
    ) throws(StorageError) {
        if bytes.count == byteCount {
            let found = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: countBytes, as: UInt32.self))
            guard found == checksum(bytes, page: page) else {
                let message = "\(folder): page \(page) of the slot counts is damaged: its checksum is wrong"
                throw StorageError(.corrupt, message)
            }
        }
        guard bytes.count == byteCount || bytes.count == countBytes else {
            let message = "\(folder): page \(page) of the slot counts has \(bytes.count) bytes, not \(byteCount)"
            throw StorageError(.corrupt, message)
        }
        for at in 0..<slots {
            counts[page * slots + at] = SlotCount(
                keys: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at * slotBytes, as: UInt64.self)),
                bytes: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: at * slotBytes + 8, as: UInt64.self))
            )
        }
    }
}
