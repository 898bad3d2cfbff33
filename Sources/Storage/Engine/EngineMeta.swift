import Model

/// An engine's own record: format, completeness and applied position. 24 bytes, little endian: format (4), flags (4),
/// term (8), sequence (8).
struct EngineMeta: Hashable, Sendable {
    /// Raised when the layout of keys or records changes; others than these are refused. With 2, values may stand apart
    /// from their keys (RocksDB).
    static let formats: ClosedRange<UInt32> = 1...2
    static let valuesApartFormat: UInt32 = 2
    static let byteCount = 24
    private static let completeFlag: UInt32 = 1

    var position = Position.zero
    var isComplete = true

    init(position: Position = .zero, isComplete: Bool = true) {
        self.position = position
        self.isComplete = isComplete
    }

    /// Reads the record of the engine in `folder`.
    init(_ bytes: UnsafeRawBufferPointer, folder: String) throws(StorageError) {
        guard bytes.count == Self.byteCount else {
            throw StorageError(.corrupt, "\(folder): the engine's meta record has \(bytes.count) bytes, not 24")
        }
        let format = UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        guard Self.formats.contains(format) else {
            let message =
                "\(folder): engine format \(format), this program reads up to \(Self.formats.upperBound); use the program"
            throw StorageError(.foreignFolder, message + " that wrote it")
        }
        let flags = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        isComplete = flags & Self.completeFlag != 0
        position = Position(
            term: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            sequence: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        )
    }

    /// - Parameter target: room for `byteCount` bytes.
    func encode(into target: UnsafeMutableRawBufferPointer, format: UInt32 = formats.lowerBound) {
        target.storeBytes(of: format.littleEndian, as: UInt32.self)
        target.storeBytes(of: (isComplete ? Self.completeFlag : 0).littleEndian, toByteOffset: 4, as: UInt32.self)
        target.storeBytes(of: position.term.littleEndian, toByteOffset: 8, as: UInt64.self)
        target.storeBytes(of: position.sequence.littleEndian, toByteOffset: 16, as: UInt64.self)
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
