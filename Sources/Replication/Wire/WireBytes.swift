import Model

extension [UInt8] {
    /// Appends an integer, little endian.
    package mutating func appendInteger(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Appends term and sequence, little endian.
    package mutating func appendPosition(_ position: Position) {
        appendInteger(position.term)
        appendInteger(position.sequence)
    }
}

/// Reads little-endian fields out of borrowed bytes; nil once they run out.
package struct WireReader {
    package let bytes: UnsafeRawBufferPointer
    package private(set) var offset = 0

    /// The bytes have to live as long as what is taken from them.
    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Whether all was read.
    package var isAtEnd: Bool { offset == bytes.count }

    /// The next integer, little endian.
    package mutating func integer<T: FixedWidthInteger>(_ type: T.Type) -> T? {
        guard bytes.count - offset >= MemoryLayout<T>.size else { return nil }
        defer { offset += MemoryLayout<T>.size }
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// The next term and sequence.
    package mutating func position() -> Position? {
        guard let term = integer(UInt64.self), let sequence = integer(UInt64.self) else { return nil }
        return Position(term: term, sequence: sequence)
    }

    /// The next `count` bytes, borrowed.
    package mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, bytes.count - offset >= count else { return nil }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// The rest as text; damaged UTF-8 is repaired, for people only.
    package mutating func text() -> String {
        defer { offset = bytes.count }
        return String(decoding: bytes[offset...], as: UTF8.self)
    }
}
