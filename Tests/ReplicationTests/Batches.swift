import Storage

/// A batch of `count` records whose values tell which term and sequence wrote them.
func makeBatch(term: UInt64, first: UInt64, count: Int, padding: Int = 0) -> LogBatch {
    var builder = BatchBuilder()
    for offset in 0..<UInt64(count) {
        let key = Array("key\(first + offset)".utf8)
        let value = Array("\(term)-\(first + offset)".utf8) + [UInt8](repeating: 0, count: padding)
        key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                _ = builder.append(LogRecord(kind: .put, slot: 7, key: key, value: value))
            }
        }
    }
    return builder.seal(term: term, firstSequence: first, commitSequence: first - 1, wallTime: 0)
}

/// A small generator whose sequence a seed repeats.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
