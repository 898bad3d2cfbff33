import Replication
import Storage
import TestSupport

/// Records as real batches: what is checked, shipped and compared is what the machines see.
enum SimulatedBatch {
    static func make(_ records: [SimulatedRecord], term: UInt64, first: UInt64, commit: UInt64) -> LogBatch {
        var builder = BatchBuilder()
        for record in records {
            let key = record.key.map { bytes([$0]) } ?? []
            let value = bytes(record.value)
            key.withUnsafeBytes { key in
                value.withUnsafeBytes { value in
                    let kind = record.key == nil ? LogRecord.Kind.termStart : .put
                    _ = builder.append(LogRecord(kind: kind, slot: 0, key: key, value: value))
                }
            }
        }
        return builder.seal(term: term, firstSequence: first, commitSequence: commit, wallTime: 0)
    }

    static func forEach(_ batch: LogBatch, _ body: (SimulatedRecord, UInt64) -> Void) {
        batch.forEachRecord { record, sequence in
            let key = record.kind == .termStart ? nil : tokens(record.key).first
            body(SimulatedRecord(term: batch.term, key: key, value: tokens(record.value)), sequence)
        }
    }

    static func bytes(_ tokens: Tokens) -> [UInt8] {
        tokens.flatMap { token in withUnsafeBytes(of: token.littleEndian) { Array($0) } }
    }

    static func tokens(_ bytes: UnsafeRawBufferPointer) -> Tokens {
        stride(from: 0, to: bytes.count - 3, by: 4).map {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
        }
    }
}
