import Model
import Replication

extension MigrationFrame {
    /// The header of a chunk frame, to be written in front of the chunk's own bytes, which need not be copied.
    package static func chunkHeader(length: Int) -> [UInt8] { header(kind: Kind.chunk.rawValue, length: length) }

    package var kindCode: UInt8 { kind.rawValue }

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

    package func encodePayload(into bytes: inout [UInt8]) {
        switch self {
        case .accept(let acceptance):
            for field in [
                acceptance.term, acceptance.position.term, acceptance.position.sequence, acceptance.keys,
                acceptance.bytes,
            ] {
                bytes.appendInteger(field)
            }
        case .refuse(let refusal, let text):
            bytes.append(refusal.rawValue)
            bytes.append(contentsOf: text.utf8.prefix(ReshardJobLimits.textBytesMax))
        case .chunk(let chunk): bytes.append(contentsOf: chunk.bytes)
        case .copied(let number), .acknowledge(let number), .ask(let number): bytes.appendInteger(number)
        case .mark(let mark):
            for field in [mark.through, mark.end, mark.bytesLeft] { bytes.appendInteger(field) }
            bytes.appendInteger(mark.strain)
        case .final(let number, let position):
            for field in [number, position.term, position.sequence] { bytes.appendInteger(field) }
        case .released(let number, let text):
            bytes.appendInteger(number)
            bytes.append(contentsOf: text.utf8.prefix(ReshardJobLimits.textBytesMax))
        case .owned(let number, let other), .confirm(let number, let other):
            bytes.appendInteger(number)
            bytes.appendInteger(other)
        }
    }

    package static func decode(
        kind code: UInt8,
        _ payload: UnsafeRawBufferPointer
    ) throws(ReshardError) -> MigrationFrame {
        guard let kind = Kind(rawValue: code), let frame = decode(kind, payload) else {
            let name = Kind(rawValue: code).map { "\($0)" } ?? "\(code)"
            throw ReshardError(.badDocument, "a \(name) frame of \(payload.count) bytes doesn't parse")
        }
        return frame
    }

    private static func decode(_ kind: Kind, _ payload: UnsafeRawBufferPointer) -> MigrationFrame? {
        if kind == .chunk { return MigrationChunk(payload).map { .chunk($0) } }
        var reader = WireReader(payload)
        guard let frame = fields(of: kind, &reader), reader.isAtEnd else { return nil }
        return frame
    }

    private static func fields(of kind: Kind, _ reader: inout WireReader) -> MigrationFrame? {
        switch kind {
        case .chunk: nil
        case .accept: acceptance(&reader)
        case .refuse: reader.integer(UInt8.self).flatMap(Refusal.init).map { .refuse($0, reader.line()) }
        case .copied: reader.integer(UInt64.self).map { .copied(keys: $0) }
        case .acknowledge: reader.integer(UInt64.self).map { .acknowledge(bytes: $0) }
        case .ask: reader.integer(UInt64.self).map { .ask(number: $0) }
        case .mark: mark(&reader)
        case .final: final(&reader)
        case .released: reader.integer(UInt64.self).map { .released(number: $0, reader.line()) }
        case .owned: pair(&reader).map { .owned(number: $0, mapVersion: $1) }
        case .confirm: pair(&reader).map { .confirm(number: $0, term: $1) }
        }
    }

    private static func pair(_ reader: inout WireReader) -> (UInt64, UInt64)? {
        guard let first = reader.integer(UInt64.self), let second = reader.integer(UInt64.self) else { return nil }
        return (first, second)
    }

    private static func acceptance(_ reader: inout WireReader) -> MigrationFrame? {
        guard let term = reader.integer(UInt64.self), let position = reader.logPosition(),
            let keys = reader.integer(UInt64.self),
            let bytes = reader.integer(UInt64.self), position.term <= term
        else { return nil }
        return .accept(Acceptance(term: term, position: position, keys: keys, bytes: bytes))
    }

    private static func mark(_ reader: inout WireReader) -> MigrationFrame? {
        guard let through = reader.integer(UInt64.self), let end = reader.integer(UInt64.self),
            let left = reader.integer(UInt64.self),
            let strain = reader.integer(UInt32.self), through <= end, end < ReshardingLimits.sequenceMax
        else { return nil }
        return .mark(Mark(through: through, end: end, bytesLeft: left, strain: strain))
    }

    private static func final(_ reader: inout WireReader) -> MigrationFrame? {
        guard let number = reader.integer(UInt64.self), let position = reader.logPosition() else { return nil }
        return .final(number: number, position: position)
    }
}

extension WireReader {
    /// nil also where no log could be.
    fileprivate mutating func logPosition() -> Position? {
        guard let position = position(), position.sequence < ReshardingLimits.sequenceMax else { return nil }
        return position
    }

    /// The rest as one line; damaged UTF-8 is repaired, for people only.
    fileprivate mutating func line() -> String { ReshardJob.line(text()) }
}
