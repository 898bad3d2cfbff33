import Storage

extension MigrationFrame {
    /// The header of a chunk frame, to be written in front of the chunk's own bytes, which need not be copied.
    package static func chunkHeader(length: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(UInt32(length))
        bytes.append(Kind.chunk.rawValue)
        return bytes
    }

    /// Appends the whole frame.
    package func encode(into bytes: inout [UInt8]) {
        let start = bytes.count
        bytes.appendLittleEndian(UInt32(0))
        bytes.append(kind.rawValue)
        encodePayload(into: &bytes)
        let length = UInt32(bytes.count - start - MigrationFrame.headerBytes)
        withUnsafeBytes(of: length.littleEndian) { bytes.replaceSubrange(start..<start + 4, with: $0) }
    }

    var kind: Kind {
        switch self {
        case .accept: .accept
        case .refuse: .refuse
        case .chunk: .chunk
        case .copied: .copied
        case .mark: .mark
        case .final: .final
        case .released: .released
        case .owned: .owned
        case .acknowledge: .acknowledge
        case .ask: .ask
        case .confirm: .confirm
        }
    }

    private func encodePayload(into bytes: inout [UInt8]) {
        switch self {
        case .accept(let acceptance):
            for field in [
                acceptance.term, acceptance.position.term, acceptance.position.sequence, acceptance.keys,
                acceptance.bytes,
            ] {
                bytes.appendLittleEndian(field)
            }
        case .refuse(let refusal, let text):
            bytes.append(refusal.rawValue)
            bytes.append(contentsOf: text.utf8.prefix(ReshardingLimits.textBytesMax))
        case .chunk(let chunk): bytes.append(contentsOf: chunk.bytes)
        case .copied(let number), .acknowledge(let number), .ask(let number): bytes.appendLittleEndian(number)
        case .mark(let mark):
            for field in [mark.through, mark.end, mark.bytesLeft] { bytes.appendLittleEndian(field) }
            bytes.appendLittleEndian(mark.strain)
        case .final(let number, let position):
            for field in [number, position.term, position.sequence] { bytes.appendLittleEndian(field) }
        case .released(let number, let text):
            bytes.appendLittleEndian(number)
            bytes.append(contentsOf: text.utf8.prefix(ReshardingLimits.textBytesMax))
        case .owned(let number, let other), .confirm(let number, let other):
            bytes.appendLittleEndian(number)
            bytes.appendLittleEndian(other)
        }
    }

    /// Reads a whole payload, borrowed for the call; nil when it makes no sense.
    static func decode(_ kind: Kind, _ payload: UnsafeRawBufferPointer) -> MigrationFrame? {
        if kind == .chunk { return MigrationChunk(payload).map { .chunk($0) } }
        var reader = FieldReader(payload)
        guard let frame = fields(of: kind, &reader), reader.isAtEnd else { return nil }
        return frame
    }

    private static func fields(of kind: Kind, _ reader: inout FieldReader) -> MigrationFrame? {
        switch kind {
        case .chunk: nil
        case .accept: acceptance(&reader)
        case .refuse: reader.byte().flatMap(Refusal.init).map { .refuse($0, reader.text()) }
        case .copied: reader.number().map { .copied(keys: $0) }
        case .acknowledge: reader.number().map { .acknowledge(bytes: $0) }
        case .ask: reader.number().map { .ask(number: $0) }
        case .mark: mark(&reader)
        case .final: final(&reader)
        case .released: reader.number().map { .released(number: $0, reader.text()) }
        case .owned: pair(&reader).map { .owned(number: $0, mapVersion: $1) }
        case .confirm: pair(&reader).map { .confirm(number: $0, term: $1) }
        }
    }

    private static func pair(_ reader: inout FieldReader) -> (UInt64, UInt64)? {
        guard let first = reader.number(), let second = reader.number() else { return nil }
        return (first, second)
    }

    private static func acceptance(_ reader: inout FieldReader) -> MigrationFrame? {
        guard let term = reader.number(), let position = reader.position(), let keys = reader.number(),
            let bytes = reader.number(), position.term <= term
        else { return nil }
        return .accept(Acceptance(term: term, position: position, keys: keys, bytes: bytes))
    }

    private static func mark(_ reader: inout FieldReader) -> MigrationFrame? {
        guard let through = reader.number(), let end = reader.number(), let left = reader.number(),
            let strain = reader.shortNumber(), through <= end, end < ReshardingLimits.sequenceMax
        else { return nil }
        return .mark(Mark(through: through, end: end, bytesLeft: left, strain: strain))
    }

    private static func final(_ reader: inout FieldReader) -> MigrationFrame? {
        guard let number = reader.number(), let position = reader.position() else { return nil }
        return .final(number: number, position: position)
    }
}

/// Reads little-endian fields out of borrowed bytes; nil once they run out, or where no log could be.
private struct FieldReader {
    private let bytes: UnsafeRawBufferPointer
    private var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    mutating func byte() -> UInt8? {
        guard offset < bytes.count else { return nil }
        defer { offset += 1 }
        return bytes[offset]
    }

    mutating func shortNumber() -> UInt32? {
        guard bytes.count - offset >= 4 else { return nil }
        defer { offset += 4 }
        return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    mutating func number() -> UInt64? {
        guard bytes.count - offset >= 8 else { return nil }
        defer { offset += 8 }
        return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    mutating func position() -> Position? {
        guard let term = number(), let sequence = number(), sequence < ReshardingLimits.sequenceMax else { return nil }
        return Position(term: term, sequence: sequence)
    }

    /// The rest as one line; damaged UTF-8 is repaired, for people only.
    mutating func text() -> String {
        defer { offset = bytes.count }
        return ReshardJob.line(String(decoding: bytes[offset...], as: UTF8.self))
    }
}
