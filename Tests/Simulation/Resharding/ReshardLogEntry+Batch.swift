import Storage

/// Entries of the model as the real log has them: what ships them reads real batches.
extension [ReshardLogEntry] {
    /// What `encoded` makes of them, in bytes.
    func encodedBytes(_ keys: ReshardKeys) -> UInt64 {
        var bytes = LogBatch.headerBytes
        for entry in self {
            let content: Int
            switch entry.record {
            case .termStart, .jump, .ownership: content = 0
            case .write(let key, _, let after):
                content = keys.names[key].count + (after.map { ReshardKeys.bytes(of: $0).count } ?? 0)
            case .imported(let key, let value, _):
                let bytes = value.map { LogRecord.importVersionBytes + ReshardKeys.bytes(of: $0).count }
                content = keys.names[key].count + (bytes ?? 0)
            case .clear: content = 2
            }
            bytes += LogRecord.headerBytes + content
        }
        return UInt64((bytes + 7) & ~7)
    }

    /// Entries of one batch, all of them.
    func encoded(_ keys: ReshardKeys) -> LogBatch? {
        guard let first, let last else { return nil }
        var builder = BatchBuilder()
        for entry in self { ReshardLogEntry.append(entry.record, to: &builder, keys) }
        if case .jump(let beyond) = last.record, beyond > last.sequence { builder.skip(beyond - last.sequence) }
        return builder.seal(term: first.term, firstSequence: first.sequence, commitSequence: 0, wallTime: 0)
    }
}

extension ReshardLogEntry {
    var isJump: Bool { if case .jump = record { true } else { false } }

    fileprivate static func append(_ record: ReshardRecord, to builder: inout BatchBuilder, _ keys: ReshardKeys) {
        switch record {
        case .termStart: append(.termStart, 0, [], [], to: &builder)
        case .jump: append(.jump, 0, [], [], to: &builder)
        case .ownership: append(.ownership, 0, [], [], to: &builder)
        case .clear(let slots):
            let last = [UInt8(slots.upperBound >> 8), UInt8(slots.upperBound & 0xFF)]
            append(.clearSlots, slots.lowerBound, last, [], to: &builder)
        case .write(let key, _, let after?):
            append(.put, keys.slot(of: key), keys.names[key], ReshardKeys.bytes(of: after), to: &builder)
        case .write(let key, _, nil), .imported(let key, nil, _):
            append(.delete, keys.slot(of: key), keys.names[key], [], to: &builder)
        case .imported(let key, let value?, let version):
            keys.names[key].withUnsafeBytes { name in
                ReshardKeys.bytes(of: value).withUnsafeBytes { bytes in
                    let stored = StoredValue(version: version, expiry: 0, bytes: bytes)
                    builder.appendImport(slot: keys.slot(of: key), key: name, stored)
                }
            }
        }
    }

    private static func append(
        _ kind: LogRecord.Kind,
        _ slot: UInt16,
        _ key: [UInt8],
        _ value: [UInt8],
        to builder: inout BatchBuilder
    ) {
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                _ = builder.append(LogRecord(kind: kind, slot: slot, key: key, value: value))
            }
        }
    }
}
