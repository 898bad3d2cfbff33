import FoundationEssentials
import Storage

extension PeerFrame {
    /// The header of a batch frame, to be written in front of the batch's own bytes, which are not copied.
    package static func batchHeader(length: Int) -> [UInt8] {
        header(kind: Kind.batch.rawValue, length: length)
    }

    /// The header of a chunk frame, to be written in front of a `SnapshotChunkBuilder`'s bytes.
    package static func snapshotChunkHeader(length: Int) -> [UInt8] {
        header(kind: Kind.snapshotChunk.rawValue, length: length)
    }

    package var kindCode: UInt8 { kind.rawValue }

    private var kind: Kind {
        switch self {
        case .batch: .batch
        case .heartbeat: .heartbeat
        case .resume: .resume
        case .truncate: .truncate
        case .snapshotBegin: .snapshotBegin
        case .snapshotChunk: .snapshotChunk
        case .snapshotEnd: .snapshotEnd
        case .refuse: .refuse
        case .leaderChanged: .leaderChanged
        case .acknowledge: .acknowledge
        }
    }

    package func encodePayload(into bytes: inout [UInt8]) {
        switch self {
        case .batch(let batch): bytes.append(contentsOf: batch.bytes)
        case .heartbeat(let beat):
            for field in [beat.term, beat.lastSequence, beat.commitSequence, beat.unsentBytes, beat.echo] {
                bytes.appendInteger(field)
            }
        case .resume(let position), .truncate(let position): bytes.appendPosition(position)
        case .snapshotBegin(let begin):
            bytes.appendPosition(begin.position)
            bytes.appendInteger(begin.keys)
            bytes.appendInteger(begin.bytes)
            bytes.append(contentsOf: begin.engine.utf8)
        case .snapshotChunk(let chunk): bytes.append(contentsOf: chunk.bytes)
        case .snapshotEnd(let position, let keys, let owned):
            bytes.appendPosition(position)
            bytes.appendInteger(keys)
            if let owned { bytes.append(contentsOf: owned.encoded) }
        case .refuse(let refusal, let text):
            bytes.append(refusal.rawValue)
            bytes.append(contentsOf: text.utf8.prefix(ReplicationLimits.refusalTextMax))
        case .leaderChanged(let seen):
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            // Its fields are text and numbers: nothing that JSON can't hold.
            if let text = try? encoder.encode(seen) { bytes.append(contentsOf: text) }
        case .acknowledge(let answer):
            bytes.appendPosition(answer.durable)
            bytes.appendInteger(answer.appliedSequence)
            bytes.appendInteger(answer.installedKeys)
            bytes.appendInteger(answer.stamp)
            bytes.append((answer.needsSnapshot ? 1 : 0) | (answer.isLeaving ? 2 : 0))
        }
    }

    /// Reads a whole payload. The bytes are borrowed for the call; batches and chunks are copied out.
    package static func decode(
        kind code: UInt8,
        _ payload: UnsafeRawBufferPointer
    ) throws(ReplicationError) -> PeerFrame {
        guard let kind = Kind(rawValue: code) else {
            throw ReplicationError(.badFrame, "there are no frames of kind \(code)")
        }
        if kind == .batch {
            guard let batch = LogBatch.validating(payload) else {
                throw ReplicationError(.corruptBatch, "a log batch of \(payload.count) bytes arrived damaged")
            }
            return .batch(batch)
        }
        var reader = WireReader(payload)
        guard let frame = fields(of: kind, &reader), reader.isAtEnd else {
            throw ReplicationError(.badFrame, "a \(kind) frame of \(payload.count) bytes doesn't parse")
        }
        return frame
    }

    private static func fields(of kind: Kind, _ reader: inout WireReader) -> PeerFrame? {
        switch kind {
        case .batch: return nil
        case .heartbeat: return heartbeat(&reader)
        case .resume: return reader.position().map { .resume(after: $0) }
        case .truncate: return reader.position().map { .truncate(after: $0) }
        case .snapshotBegin:
            guard let position = reader.position(), let keys = reader.integer(UInt64.self),
                let bytes = reader.integer(UInt64.self)
            else { return nil }
            return .snapshotBegin(
                SnapshotBegin(position: position, keys: keys, bytes: bytes, engine: reader.text())
            )
        case .snapshotChunk:
            return reader.take(reader.bytes.count).flatMap { SnapshotChunk($0) }.map { .snapshotChunk($0) }
        case .snapshotEnd:
            guard let position = reader.position(), let keys = reader.integer(UInt64.self) else { return nil }
            if reader.isAtEnd { return .snapshotEnd(position: position, keys: keys, owned: nil) }
            guard let rest = reader.take(reader.bytes.count - reader.offset), let owned = SlotOwnership(rest) else {
                return nil
            }
            return .snapshotEnd(position: position, keys: keys, owned: owned)
        case .refuse:
            guard let code = reader.integer(UInt8.self), let refusal = Refusal(rawValue: code) else { return nil }
            return .refuse(refusal, reader.text())
        case .leaderChanged:
            guard let text = reader.take(reader.bytes.count - reader.offset) else { return nil }
            return (try? JSONDecoder().decode(SeenRecord.self, from: Data(text))).map { .leaderChanged($0) }
        case .acknowledge: return acknowledge(&reader)
        }
    }

    private static func heartbeat(_ reader: inout WireReader) -> PeerFrame? {
        guard let term = reader.integer(UInt64.self), let last = reader.integer(UInt64.self),
            let commit = reader.integer(UInt64.self), let unsent = reader.integer(UInt64.self),
            let echo = reader.integer(UInt64.self), commit <= last
        else { return nil }
        return .heartbeat(
            Heartbeat(term: term, lastSequence: last, commitSequence: commit, unsentBytes: unsent, echo: echo)
        )
    }

    private static func acknowledge(_ reader: inout WireReader) -> PeerFrame? {
        guard let durable = reader.position(), let applied = reader.integer(UInt64.self),
            let installed = reader.integer(UInt64.self), let stamp = reader.integer(UInt64.self),
            let flags = reader.integer(UInt8.self), flags <= 3
        else { return nil }
        return .acknowledge(
            Acknowledge(
                durable: durable,
                appliedSequence: applied,
                installedKeys: installed,
                stamp: stamp,
                needsSnapshot: flags & 1 != 0,
                isLeaving: flags & 2 != 0
            )
        )
    }
}
