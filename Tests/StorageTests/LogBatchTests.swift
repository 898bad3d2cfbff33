import Model
import Storage
import Testing

@Suite struct LogBatchTests {
    @Test func roundTripAndEveryFlippedByteIsNoticed() throws {
        let batch = LogFixture.batch(after: Position(term: 4, sequence: 9), term: 5, count: 2, bytes: 21)
        var bytes = Array(batch.bytes)
        let copy = try #require(bytes.withUnsafeBytes { LogBatch.validating($0) })
        #expect(copy.end == Position(term: 5, sequence: 11) && copy.commitSequence == 9)
        var sizes: [Int] = []
        let collect = { (record: LogRecord, _: UInt64) in sizes.append(record.value.count) }
        copy.forEachRecord(collect)
        #expect(sizes == [21, 21])
        for index in bytes.indices {
            bytes[index] ^= 0x40
            #expect(bytes.withUnsafeBytes { LogBatch.validating($0) } == nil, "byte \(index)")
            bytes[index] ^= 0x40
        }
    }
}
