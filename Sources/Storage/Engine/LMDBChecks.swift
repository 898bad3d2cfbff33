import CLMDB

/// LMDB believes every byte of its file. What it hands out is looked at before it is: that it lies in one page, or in the pages
/// that its own header tells of, that keys ascend, and that checksums are right.
struct LMDBChecks: Sendable {
    let folder: String
    let pageBytes: Int
    /// Whether all records of this state have checksums.
    var isStrict: Bool

    /// The header of a page: number (8), padding (2), flags (2), pages of a value that fills its own (4).
    private static let headerBytes = 16
    private static let flagsAt = 10
    private static let pagesAt = 12
    private static let overflowFlag: UInt16 = 0x04

    /// A record as it was written.
    /// - Parameter value: borrowed from the map; nothing beyond its pages is touched.
    /// - Throws: `.damaged`.
    @inline(__always)
    func record(_ value: UnsafeRawBufferPointer, stored: UnsafeRawBufferPointer) throws(StorageError) -> EngineRecord {
        guard isWithinPages(value) else {
            throw RecordDamage.error(stored: stored, folder: folder, "its length is wrong")
        }
        return try EngineRecord.sound(value, stored: stored, isStrict: isStrict, folder: folder)
    }

    /// A small value lies in one page. A large one begins after the header of its own pages, whose number is there: one flipped
    /// bit can't make both lengths wrong in the same way.
    @inline(__always)
    func isWithinPages(_ value: UnsafeRawBufferPointer) -> Bool {
        guard let base = value.baseAddress, value.count > 0 else { return value.isEmpty }
        let start = UInt(bitPattern: base)
        if isInOnePage(start, value.count) { return true }
        guard start % UInt(pageBytes) == UInt(Self.headerBytes) else { return false }
        let header = UnsafeRawPointer(base - Self.headerBytes)
        let flags = header.load(fromByteOffset: Self.flagsAt, as: UInt16.self)
        let pages = Int(header.load(fromByteOffset: Self.pagesAt, as: UInt32.self))
        return flags & Self.overflowFlag != 0
            && pages == (value.count + Self.headerBytes + pageBytes - 1) / pageBytes
    }

    @inline(__always)
    private func isInOnePage(_ start: UInt, _ count: Int) -> Bool {
        let last = start &+ UInt(bitPattern: count) &- 1
        return last >= start && start / UInt(pageBytes) == last / UInt(pageBytes)
    }

    /// That a key of the values' table can be one.
    func check(key: UnsafeRawBufferPointer) throws(StorageError) {
        let isWhole = key.count >= EngineKey.slotBytes && key.count <= EngineKey.storedBytesMax
        guard isWhole, let base = key.baseAddress, isInOnePage(UInt(bitPattern: base), key.count) else {
            throw StorageError(.damaged, "\(folder): a page is damaged: it has a key of \(key.count) bytes")
        }
    }

    /// Checks a key that was not found: whatever hides it, a flipped bit of its own or of the pages on the way, shows at the keys
    /// next to where it belongs.
    func checkMiss(_ transaction: LMDBTransaction, _ stored: UnsafeRawBufferPointer) throws(StorageError) {
        let cursor = try LMDBCursor(transaction, table: transaction.environment.values)
        let next = try cursor.seek(stored)
        if let next { try check(neighbour: next, of: stored, isAfter: true) }
        let previous = try next == nil ? cursor.last() : cursor.previous()
        if let previous { try check(neighbour: previous, of: stored, isAfter: false) }
    }

    private func check(
        neighbour: (key: MDB_val, value: MDB_val),
        of stored: UnsafeRawBufferPointer,
        isAfter: Bool
    ) throws(StorageError) {
        let key = neighbour.key.bytes
        try check(key: key)
        let order = compareKeys(key, stored)
        guard isAfter ? order > 0 : order < 0 else {
            throw RecordDamage.error(stored: stored, folder: folder, "the pages that lead to it are")
        }
        _ = try record(neighbour.value.bytes, stored: key)
    }
}
