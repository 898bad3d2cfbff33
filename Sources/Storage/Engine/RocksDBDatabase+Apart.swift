/// What a record says of its value that stands apart. A copy: the record's own bytes are gone by then.
struct ApartHead {
    var value: StoredValue
    var checksum: UInt32?

    init(_ record: EngineRecord) {
        value = record.value
        checksum = record.valueChecksum
    }
}

/// Large values stand apart from their keys, in a table of their own. RocksDB loads a value together with its key, and whoever
/// lists keys (SCAN looks at all of a slot for each page) would read them all.
extension RocksDBDatabase {
    private static let versionBytes = 8
    /// Each means that the key was written between two look-ups.
    private static let attemptsMax = 1000

    /// Whether a value of that length is written apart. Programs before this was so left values of any length beside their
    /// keys: only the record says where one is, and whoever deletes one may find nothing apart.
    @inline(__always)
    func standsApart(_ length: Int) -> Bool { length >= apartBytesMin }

    static func apartKey(_ stored: UnsafeRawBufferPointer) -> [UInt8] { [apartTable] + stored }

    /// The first key of values apart in a slot range, and the first one after them.
    static func apartBounds(of slots: ClosedRange<UInt16>) -> (start: [UInt8], end: [UInt8]) {
        ([apartTable] + start(of: slots), [apartTable] + end(of: slots))
    }

    /// Whether values of the slots stand apart.
    func holdsApart(_ slots: ClosedRange<UInt16>) throws(StorageError) -> Bool {
        let bounds = RocksDBDatabase.apartBounds(of: slots)
        let snapshot = try RocksDBSnapshot(self)
        let cursor = RocksDBCursor(self, snapshot.options, end: bounds.end)
        bounds.start.withUnsafeBytes { cursor.seek($0) }
        let holds = cursor.isValid
        try cursor.checkEnd()
        return holds
    }

    /// Calls `body` with a value that stands apart. Its bytes are pinned in RocksDB for the call.
    /// - Parameter head: the record's; its version tells whether the value belongs to it.
    /// - Returns: whether it is there.
    func apart(
        _ stored: UnsafeRawBufferPointer,
        _ head: ApartHead,
        _ options: OpaquePointer,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> Bool {
        var isRight = false
        _ = try RocksDBDatabase.apartKey(stored).withRawBytes { key throws(StorageError) in
            try pinned(key, options) { bytes throws(StorageError) in
                guard bytes.count >= RocksDBDatabase.versionBytes,
                    UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) == head.value.version
                else { return }
                isRight = true
                var value = head.value
                value.bytes = UnsafeRawBufferPointer(rebasing: bytes[RocksDBDatabase.versionBytes...])
                if let checksum = head.checksum, CRC32C.checksum(value.bytes) != checksum {
                    throw RecordDamage.error(
                        stored: stored,
                        folder: folder,
                        "the checksum of its value is wrong"
                    )
                }
                body(value)
            }
        }
        return isRight
    }

    /// Goes on with `get` where the value stands apart. Two look-ups see two states: where they don't fit together, the key
    /// was written in between, and is looked up anew.
    func getApart(
        _ stored: UnsafeRawBufferPointer,
        _ head: ApartHead,
        isStrict: Bool,
        _ body: (StoredValue) -> Void
    ) throws(StorageError) -> Bool {
        var head = head
        for _ in 0..<RocksDBDatabase.attemptsMax {
            if try apart(stored, head, readOptions, body) { return true }
            var next: ApartHead?
            let isThere = try whole(stored, isStrict, body, isApart: { next = $0 })
            guard let next else { return isThere }
            head = next
        }
        throw StorageError(.corrupt, "\(folder): a value that stands apart from its key is missing")
    }
}
