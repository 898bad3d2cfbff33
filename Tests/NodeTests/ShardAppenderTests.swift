import Model
import Node
import Resharding
import Storage
import Synchronization
import Testing

/// What a shard's log takes of resharding, and what becomes of the rest.
@Suite struct ShardAppenderTests {
    /// A log that finishes what it is given when the test says so.
    private final class HeldLog: ReshardingLog {
        private struct State {
            var appended: [ReshardingRecords] = []
            var done: [@Sendable (Result<AppendedRecords, StorageError>) -> Void] = []
        }

        private let state = Mutex(State())

        var appended: [ReshardingRecords] { state.withLock { $0.appended } }

        func append(
            _ records: ReshardingRecords,
            _ done: @escaping @Sendable (Result<AppendedRecords, StorageError>) -> Void
        ) {
            state.withLock { state in
                state.appended.append(records)
                state.done.append(done)
            }
        }

        /// Finishes all that comes.
        func finishAll() {
            while let done = state.withLock({ $0.done.isEmpty ? nil : $0.done.removeFirst() }) {
                done(.success(AppendedRecords()))
            }
        }

        func findLeftovers(_ done: @escaping @Sendable (Result<SlotSet, StorageError>) -> Void) {}
        func close() {}
    }

    private static func slots(_ slot: UInt16) -> SlotSet {
        var slots = SlotSet()
        slots.insert(slot...slot)
        return slots
    }

    /// The link was told that it failed, and what came later over it was appended, with a gap before it.
    @Test func aLinkWhoseJobIsRefusedIsGivenUp() {
        let log = HeldLog()
        let failures = Mutex<[UInt64]>([])
        let appender = ShardAppender(log: log) { event in
            guard case .target(let link, .importFailed) = event else { return }
            failures.withLock { $0.append(link) }
        }
        // The first is under way, the others wait.
        for index in 0...ShardAppender.jobsMax {
            appender.add(.clear(number: UInt64(index), Self.slots(1)))
        }
        appender.add(.stage(link: 7, Self.slots(7)))
        #expect(failures.withLock { $0 } == [7])
        log.finishAll()
        #expect(log.appended.count == ShardAppender.jobsMax + 1)
        // There is room again: for others.
        appender.add(.stage(link: 7, Self.slots(8)))
        appender.add(.stage(link: 9, Self.slots(9)))
        log.finishAll()
        #expect(log.appended.count == ShardAppender.jobsMax + 2)
        guard case .clear(let slots)? = log.appended.last else {
            Issue.record("not what was asked for")
            return
        }
        #expect(slots.contains(9) && !slots.contains(8))
        appender.end()
    }
}
