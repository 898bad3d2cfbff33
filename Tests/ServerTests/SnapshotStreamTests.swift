import Model
import Replication
import Server
import Storage
import Synchronization
import TestSupport
import Testing

/// A snapshot that is given up while a read of it is under way.
@Suite struct SnapshotStreamTests {
    /// What a test holds up and looks at.
    private final class Watch: Sendable {
        let hasBegun = Answer<Void>()
        let goesOn = Answer<Void>()
        let readers = Mutex(0)
    }

    private final class HeldReader: ContentsReader {
        private let watch: Watch

        init(_ watch: Watch) {
            self.watch = watch
            watch.readers.withLock { $0 += 1 }
        }

        deinit { watch.readers.withLock { $0 -= 1 } }

        func open() throws(StorageError) -> (position: Position, keys: UInt64, bytes: UInt64) { (.zero, 0, 0) }

        func nextEntries(
            maxBytes: Int,
            _ body: (_ slot: UInt16, _ key: UnsafeRawBufferPointer, _ value: StoredValue) -> Bool
        ) throws(StorageError) -> Bool {
            watch.hasBegun.give()
            watch.goesOn.wait()
            return true
        }

        func readLog(
            after sequence: UInt64,
            upTo end: UInt64?,
            maxScanBytes: Int,
            _ body: (_ record: LogRecord, _ sequence: UInt64) -> Bool
        ) throws(StorageError) -> (through: UInt64, bytesLeft: UInt64) { (end ?? sequence, 0) }
    }

    /// An empty store, but for its reader.
    private final class HeldStore: StreamedStore {
        private let watch: Watch

        init(_ watch: Watch) { self.watch = watch }

        var logState: LeaderFollowerMachine.LogState {
            .init(start: .zero, end: .zero, commitSequence: 0, endOffset: 0, isLeaseValid: true)
        }
        var committed: Position { .zero }
        var logTerms: TermIndex { TermIndex(base: .zero) }
        func logOffset(ofSequence sequence: UInt64) -> UInt64? { nil }
        func ownedSlots() -> SlotOwnership? { nil }
        func observe(_ body: @escaping @Sendable () -> Void) -> Int { 0 }
        func unobserve(_ token: Int) {}
        func pinStream(after sequence: UInt64) -> UInt64 { 0 }
        func movePin(_ token: UInt64, after sequence: UInt64) {}
        func unpinStream(_ token: UInt64) {}
        func beginUse() -> Bool { true }
        func endUse() {}
        func makeLogReader(after position: Position) throws(StorageError) -> any LogBatches {
            throw StorageError(.outOfRange, "there is no log")
        }
        func makeContentsReader() -> any ContentsReader { HeldReader(watch) }
    }

    /// The loop that closes it must not wait for a disk: it did, for a lock that the read held.
    @Test func closingDoesNotWaitForARead() async throws {
        let watch = Watch()
        let stream = try SnapshotStream.open(HeldStore(watch)).get()
        let queue = WorkQueue("test-read")
        let read = Answer<Result<SnapshotStream.Part, StorageError>>()
        queue.add { read.give(stream.next(maxBytes: 1_000)) }
        watch.hasBegun.wait()
        let closing = WorkQueue("test-close")
        let isClosed = Answer<Void>()
        closing.add {
            stream.close()
            isClosed.give()
        }
        let isPrompt = isClosed.wait(milliseconds: 10_000) != nil
        #expect(isPrompt)
        #expect(watch.readers.withLock { $0 } == 1)
        watch.goesOn.give()
        #expect(throws: Never.self) { try read.wait().get() }
        queue.close()
        closing.close()
        // Nobody but the stream had the reader.
        #expect(watch.readers.withLock { $0 } == 0)
        guard case .failure(let error) = stream.next(maxBytes: 1_000) else {
            Issue.record("it goes on after the end")
            return
        }
        #expect(error.code == .closed)
    }

    @Test func aPartFollowsTheOther() async throws {
        let watch = Watch()
        watch.goesOn.give()
        let stream = try SnapshotStream.open(HeldStore(watch)).get()
        #expect(try stream.next(maxBytes: 1_000).get().end == nil)
        #expect(try stream.next(maxBytes: 1_000).get().end == .zero)
        stream.close()
        #expect(watch.readers.withLock { $0 } == 0)
    }
}
