import Model
import Replication
import Testing

@Suite struct ReplicationCursorTests {
    @Test func onlyTheFirstRecordIsTaken() {
        var cursor = ReplicationCursor(taken: .zero)
        let batch = makeBatch(term: 1, first: 1, count: 2)
        func take(_ key: String, _ value: String) -> ReplicationCursor.Outcome? {
            var copy = cursor
            defer { cursor = copy }
            return cursor.withOffer(in: batch) { copy.take($0, key: Array(key.utf8), value: Array(value.utf8)) }
        }
        #expect(take("key2", "1-2") != .taken)
        #expect(take("key1", "other") != .taken)
        #expect(take("key1", "1-1") == .taken)
        #expect(take("key2", "1-2") == .taken)
        #expect(take("key2", "1-2") == nil)
    }

    @Test func boundJumpsAndCounts() {
        var cursor = ReplicationCursor(taken: Position(term: 1, sequence: 5))
        let start = Position(term: 1, sequence: 3)
        let jumpedEarly = cursor.enforceBound(logStart: start, pinFloor: start)
        #expect(!jumpedEarly)
        let jumped = cursor.enforceBound(logStart: start, pinFloor: Position(term: 2, sequence: 9))
        #expect(jumped)
        #expect(cursor.skipped == 4)
        #expect(cursor.pinnedSequence == 9)
    }

    @Test func fileRoundTripsAndDamageIsSeen() throws {
        let cursor = ReplicationCursor(taken: Position(term: 3, sequence: 77), skipped: 2)
        #expect(try ReplicationCursor(encoded: cursor.encoded) == cursor)
        for index in cursor.encoded.indices {
            var bytes = cursor.encoded
            bytes[index] ^= 0x10
            #expect(throws: ReplicationError.self) { try ReplicationCursor(encoded: bytes) }
        }
    }
}
