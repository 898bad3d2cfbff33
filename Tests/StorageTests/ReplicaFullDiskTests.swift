import Glibc
import Model
import Storage
import Synchronization
import Testing

/// A replica whose disk takes some of the leader's batches and has no space for the next.
@Suite struct ReplicaFullDiskTests {
    private final class Space: Sendable {
        let isFull = Atomic<Bool>(false)
    }

    private func batch(_ sequence: UInt64, _ key: String, bytes: Int) -> LogBatch {
        var builder = BatchBuilder()
        let value = [UInt8](repeating: UInt8(ascii: "v"), count: bytes)
        Array(key.utf8).withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                let slot = StoreFixture.slot(String(decoding: key, as: UTF8.self))
                _ = builder.append(LogRecord(kind: .put, slot: slot, key: key, value: value))
            }
        }
        return builder.seal(term: 1, firstSequence: sequence, commitSequence: 0, wallTime: 1)
    }

    /// A replica that has the first of two batches in its log; the second one needs a file of its own.
    private func halfAppended(_ kind: EngineKind) throws -> (StoreFixture, second: LogBatch) {
        let space = Space()
        let fixture = try StoreFixture(kind, leads: false) {
            $0.segmentBytes = 64 << 10
            $0.allocateSegment = { file, bytes in
                space.isFull.load(ordering: .relaxed) ? ENOSPC : CommitLog.writeZeros(file, bytes)
            }
        }
        let second = batch(2, "b", bytes: 100_000)
        space.isFull.store(true, ordering: .relaxed)
        let error = #expect(throws: StorageError.self) {
            try fixture.store.appendReplicated([batch(1, "a", bytes: 1), second])
        }
        #expect(error?.code == .diskFull)
        #expect(fixture.store.log.end == Position(term: 1, sequence: 1))
        space.isFull.store(false, ordering: .relaxed)
        return (fixture, second)
    }

    /// It could not: its first record was to follow what the store knew of, not what the log had.
    @Test(arguments: EngineKind.allCases) func itBecomesLeaderOnceThereIsSpace(kind: EngineKind) throws {
        let (fixture, _) = try halfAppended(kind)
        try fixture.store.beginTerm(2) { $0 = CommitQuorum() }
        #expect(fixture.store.log.syncedEnd == Position(term: 2, sequence: 2))
        #expect(try fixture.read("a") == "v")
    }

    /// The first batch stayed invisible, though its position was passed.
    @Test(arguments: EngineKind.allCases) func itGoesOnWhereItsLogEnds(kind: EngineKind) throws {
        let (fixture, second) = try halfAppended(kind)
        try fixture.store.appendReplicated([second])
        fixture.store.advanceCommit(to: 2)
        #expect(try fixture.read("a") == "v")
        #expect(fixture.store.log.syncedEnd == Position(term: 1, sequence: 2))
    }
}
