import Model
import NIOEmbedded
import Replication
import Server
import Storage
import Testing

/// The order in which a replica's storage actions are done, and what becomes of those behind one that fails.
@Suite struct FollowerStorageTests {
    /// A store that takes everything, or has no space.
    private final class FakeStore: ReplicaStore, @unchecked Sendable {
        // Sendable: confined to its test.
        var isFull = false
        var calls: [String] = []
        var commitSequence: UInt64 = 0
        var logTerms: TermIndex { TermIndex(base: .zero) }

        private func take(_ call: String) throws(StorageError) {
            calls.append(call)
            if isFull { throw StorageError(.diskFull, "no space left") }
        }

        func writeReplicated(_ batches: [LogBatch]) throws(StorageError) {
            try take("write \(batches.map { "\($0.firstSequence)" }.joined(separator: " "))")
        }
        func syncReplicated(_ batches: [LogBatch]) throws(StorageError) { try take("sync") }
        func advanceCommit(to sequence: UInt64) {
            calls.append("commit \(sequence)")
            commitSequence = sequence
        }
        func truncate(after position: Position) throws(StorageError) { try take("cut") }
        func beginInstall() throws(StorageError) { try take("empty") }
        func install(_ writes: UnsafeBufferPointer<EngineWrite>) throws(StorageError) { try take("install") }
        func installChanges(_ writes: [EngineWrite]) throws(StorageError) { try take("install changes") }
        func finishInstall(position: Position, owned: SlotOwnership?) throws(StorageError) { try take("finish") }
    }

    /// Does its steps when the test says so.
    private final class HeldQueue: JobQueue, @unchecked Sendable {
        // Sendable: confined to its test.
        private var steps: [@Sendable () -> Void] = []

        func add(steps: [@Sendable () -> Void]) -> Bool {
            self.steps += steps
            return true
        }
        func add(job: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void) -> Bool {
            add(steps: [{ job {} }])
        }
        func close() {}
        func close(then done: @escaping @Sendable () -> Void) { done() }

        func run() {
            let due = steps
            steps = []
            for step in due { step() }
        }
    }

    /// Storage actions of a link on a loop that the test runs.
    private final class World: @unchecked Sendable {
        // Sendable: confined to its test.
        let store = FakeStore()
        let queue = HeldQueue()
        let loop = EmbeddedEventLoop()
        var failures: [String] = []
        var synced: [UInt64] = []
        private(set) lazy var storage = FollowerStorage(
            store: store,
            eventLoop: loop,
            environment: DriverEnvironment(
                clock: .system,
                connector: SocketConnector(),
                makeQueue: { [queue] _ in queue }
            )
        )

        init() {
            storage.begin { [unowned self] event in
                switch event {
                case .storageFailed(let reason): failures.append(reason)
                case .synced(let through): synced.append(through.sequence)
                default: break
                }
                // As the link does after every event.
                storage.run()
            }
        }

        func add(_ jobs: [FollowerRound.Job]) {
            for job in jobs { storage.add(job) }
            storage.run()
        }

        /// Until nothing is under way.
        func run() {
            for _ in 0..<10 {
                queue.run()
                loop.run()
            }
        }
    }

    private static func batch(_ sequence: UInt64) -> LogBatch {
        var builder = BatchBuilder()
        _ = builder.append(LogRecord(kind: .termStart, slot: 0, key: UnsafeRawBufferPointer(start: nil, count: 0)))
        return builder.seal(term: 1, firstSequence: sequence, commitSequence: 0, wallTime: 0)
    }

    private static func chunk() -> SnapshotChunk {
        var builder = SnapshotChunkBuilder()
        [UInt8]("key".utf8).withUnsafeBytes {
            builder.append(SnapshotEntry(slot: 1, version: 1, expiry: 0, flags: 0, key: $0, value: $0))
        }
        return builder.finish()
    }

    private static let position = Position(term: 1, sequence: 9)

    @Test func whatCameMeanwhileIsTheNextRound() {
        let world = World()
        world.add([.append(Self.batch(1))])
        world.add([.append(Self.batch(2))])
        world.add([.append(Self.batch(3)), .advanceCommit(3)])
        #expect(world.store.calls.isEmpty)
        world.run()
        #expect(world.store.calls == ["write 1", "sync", "write 2 3", "sync", "commit 3"])
        #expect(world.synced == [1, 3] && world.failures.isEmpty)
    }

    private static let first: [(FollowerRound.Job, String)] = [
        (.append(batch(1)), "write 1"), (.truncate(position), "cut"), (.beginSnapshot, "empty"),
        (.installChunk(chunk()), "install"), (.finishSnapshot(position, nil), "finish"),
    ]

    /// The space that an action lacked is there again for what came while it was being done. That was done all the same: the
    /// log got a batch after one that it lacks, and a snapshot without a part was called whole.
    @Test(arguments: 0..<5) func nothingIsDoneAfterAFailure(index: Int) {
        let (job, call) = Self.first[index]
        let world = World()
        world.store.isFull = true
        world.add([job])
        world.add([.append(Self.batch(2)), .advanceCommit(2), .installChunk(Self.chunk())])
        world.add([.finishSnapshot(Self.position, nil)])
        world.queue.run()
        world.store.isFull = false
        world.run()
        #expect(world.store.calls == [call])
        #expect(world.failures == ["no space left"])
        world.add([.append(Self.batch(3)), .finishSnapshot(Self.position, nil)])
        world.run()
        #expect(world.store.calls == [call])
        #expect(world.failures == ["no space left"] && world.synced.isEmpty)
    }
}
