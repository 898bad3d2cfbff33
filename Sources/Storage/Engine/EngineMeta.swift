import Model

/// An engine's own record: format, completeness and applied position. 32 bytes, little endian: format (4), flags (4), term (8),
/// sequence (8), CRC32C of all before (4), zero (4). Before format 3 the first 24 of them.
struct EngineMeta: Hashable, Sendable {
    /// Raised when the layout of keys or records changes; others than these are refused. With 2, values may stand apart
    /// from their keys (RocksDB); with 3, records, counts and this have checksums.
    static let formats: ClosedRange<UInt32> = 1...3
    static let byteCount = 32
    private static let checkedFormat: UInt32 = 3
    private static let uncheckedByteCount = 24
    private static let completeFlag: UInt32 = 1
    private static let checkedFlag: UInt32 = 2

    var position = Position.zero
    var isComplete = true
    /// Whether all records have checksums: those of an engine that a program before format 3 began have none until they are
    /// written again.
    var isChecked = true

    init(position: Position = .zero, isComplete: Bool = true, isChecked: Bool = true) {
        self.position = position
        self.isComplete = isComplete
        self.isChecked = isChecked
    }

    /// Reads the record of the engine in `folder`.
    init(_ bytes: UnsafeRawBufferPointer, folder: String) throws(StorageError) {
        guard bytes.count == Self.byteCount || bytes.count == Self.uncheckedByteCount else {
            let message = "\(folder): the engine's meta record has \(bytes.count) bytes, not \(Self.byteCount)"
            throw StorageError(.corrupt, message)
        }
        let format = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        if bytes.count == Self.byteCount {
            let found = UInt32(
                littleEndian: bytes.loadUnaligned(fromByteOffset: Self.uncheckedByteCount, as: UInt32.self)
            )
            guard CRC32C.checksum(UnsafeRawBufferPointer(rebasing: bytes[..<Self.uncheckedByteCount])) == found else {
                throw StorageError(.corrupt, "\(folder): the engine's meta record is damaged: its checksum is wrong")
            }
        } else if format >= Self.checkedFormat {
            throw StorageError(.corrupt, "\(folder): the engine's meta record is damaged: it has no checksum")
        }
        guard Self.formats.contains(format) else {
            let message =
                "\(folder): engine format \(format), this program reads up to \(Self.formats.upperBound); use the program"
            throw StorageError(.foreignFolder, message + " that wrote it")
        }
        let flags = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        isComplete = flags & Self.completeFlag != 0
        isChecked = flags & Self.checkedFlag != 0
        position = Position(
            term: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            sequence: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        )
    }

    /// - Parameter target: room for `byteCount` bytes.
    func encode(into target: UnsafeMutableRawBufferPointer) {
        let flags = (isComplete ? Self.completeFlag : 0) | (isChecked ? Self.checkedFlag : 0)
        target.storeBytes(of: Self.checkedFormat.littleEndian, as: UInt32.self)
        target.storeBytes(of: flags.littleEndian, toByteOffset: 4, as: UInt32.self)
        target.storeBytes(of: position.term.littleEndian, toByteOffset: 8, as: UInt64.self)
        target.storeBytes(of: position.sequence.littleEndian, toByteOffset: 16, as: UInt64.self)
        let checksum = CRC32C.checksum(UnsafeRawBufferPointer(rebasing: target[..<Self.uncheckedByteCount]))
        target.storeBytes(of: UInt64(checksum).littleEndian, toByteOffset: Self.uncheckedByteCount, as: UInt64.self)
    }

    /// Keys of the meta table: the record above, and the pages of counts after it.
    static let key: [UInt8] = [0]
    static func pageKey(_ page: Int) -> [UInt8] { [1, UInt8(page)] }
}

extension [UInt8] {
    /// `withUnsafeBytes` for bodies that throw a `StorageError`: the library's loses the type of errors.
    func withRawBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        try withUnsafeBufferPointer { bytes throws(StorageError) in try body(UnsafeRawBufferPointer(bytes)) }
    }
}
