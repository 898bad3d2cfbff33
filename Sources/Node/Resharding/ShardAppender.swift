import Model
import Replication
import Resharding
import Server
import Storage
import Synchronization

/// Appends what resharding decides to the shard's log, in one order: ownership, clears, imports. Any thread; nothing blocks.
///
/// One thing is under way at a time. Chunks that wait together are appended together, `bytesMax` at most: they share a
/// sync.
package final class ShardAppender: Sendable {
    package enum Job: Sendable {
        case changeOwnership(number: UInt64, own: SlotSet, disown: SlotSet, mapVersion: UInt64)
        case clear(number: UInt64, SlotSet)
        /// For `/clean`.
        case clean([ClosedRange<UInt16>], @Sendable (CleanOutcome) -> Void)
        /// Which slots hold what is nobody's, once all before is in the log; nil when the engine can't tell yet.
        case lookForLeftovers(@Sendable (SlotSet?) -> Void)
        /// For a move, by its link.
        case stage(link: UInt64, SlotSet)
        case importChunk(link: UInt64, MigrationChunk)
        case jump(link: UInt64, number: UInt64, beyond: UInt64)

        /// The link whose jobs are given up when one of them fails.
        var link: UInt64? {
            switch self {
            case .changeOwnership, .clear, .clean, .lookForLeftovers: nil
            case .stage(let link, _), .importChunk(let link, _), .jump(let link, _, _): link
            }
        }
    }

    /// What is appended at once: copying it in holds the store's lock, about 100 µs for so much.
    private static let bytesMax = 1 << 20
    /// Far more than the windows of a machine's streams allow.
    package static let jobsMax = 4096

    private struct State {
        var jobs: [Job] = []
        var isAppending = false
        var isEnding = false
        /// Links of which something could not be appended.
        var broken: Set<UInt64> = []

        /// What comes over a link after a gap must not be appended.
        mutating func giveUp(_ link: UInt64?) {
            guard let link else { return }
            broken.insert(link)
            jobs.removeAll { $0.link == link }
        }
    }

    private let log: any ReshardingLog
    private let planted: ReshardingBugs
    private let deliver: @Sendable (ReshardingMachine.Event) -> Void
    private let state = Mutex(State())

    /// - Parameters:
    ///   - planted: mistakes; in simulations alone.
    ///   - deliver: called on any thread.
    package init(
        log: any ReshardingLog,
        planted: ReshardingBugs = [],
        deliver: @escaping @Sendable (ReshardingMachine.Event) -> Void
    ) {
        self.log = log
        self.planted = planted
        self.deliver = deliver
    }

    /// What is refused fails, and its link is given up.
    package func add(_ job: Job) {
        let isTaken: Bool? = state.withLock { state in
            // It has been told already.
            if let link = job.link, state.broken.contains(link) { return nil }
            guard !state.isEnding, state.jobs.count < ShardAppender.jobsMax else {
                state.giveUp(job.link)
                return false
            }
            state.jobs.append(job)
            return true
        }
        guard let isTaken else { return }
        if isTaken { proceed() } else { fail(job, StorageError(.io, "too much waits for the shard's log")) }
    }

    /// Gives up what is queued. What is under way ends by itself.
    package func end() {
        let left = state.withLock { state in
            defer { state.jobs = [] }
            state.isEnding = true
            return state.jobs
        }
        for case .clean(_, let reply) in left { reply(.refused("this node is no longer the leader")) }
    }

    private func proceed() {
        guard let batch = state.withLock({ ShardAppender.next(&$0) }), let first = batch.first else { return }
        visit(first, isDone: false)
        if planted.contains(.acknowledgesEarly) {
            for job in batch where job.link != nil { tell(job, AppendedRecords()) }
        }
        switch first {
        case .changeOwnership(_, let own, let disown, let version):
            append(.ownership(own: own, disown: disown, mapVersion: version), batch)
        case .clear(_, let slots), .stage(_, let slots): append(.clear(slots), batch)
        case .clean(let slots, _): append(.clean(slots), batch)
        case .importChunk:
            var chunks: [MigrationChunk] = []
            for case .importChunk(_, let chunk) in batch { chunks.append(chunk) }
            append(.chunks(chunks), batch)
        case .jump(_, _, let beyond): append(.jump(beyond: beyond), batch)
        case .lookForLeftovers(let reply):
            log.findLeftovers { [self] result in
                reply(try? result.get())
                finished()
            }
        }
    }

    /// One job, or several chunks of one link.
    private static func next(_ state: inout State) -> [Job]? {
        guard !state.isAppending else { return nil }
        guard let first = state.jobs.first else { return nil }
        state.isAppending = true
        guard case .importChunk(let link, _) = first else { return [state.jobs.removeFirst()] }
        var count = 0
        var bytes = 0
        while count < state.jobs.count, case .importChunk(link, let chunk) = state.jobs[count] {
            if count > 0, bytes + chunk.bytes.count > bytesMax { break }
            bytes += chunk.bytes.count
            count += 1
        }
        defer { state.jobs.removeFirst(count) }
        return Array(state.jobs[..<count])
    }

    private func append(_ records: ReshardingRecords, _ batch: [Job]) {
        log.append(records) { [self] result in
            switch result {
            case .success(let appended):
                for job in batch.prefix(1) { visit(job, isDone: true) }
                let isTold = planted.contains(.acknowledgesEarly)
                for job in batch where !isTold || job.link == nil { tell(job, appended) }
            case .failure(let error):
                guard let first = batch.first else { break }
                state.withLock { $0.giveUp(first.link) }
                fail(first, error)
            }
            finished()
        }
    }

    private func finished() {
        state.withLock { $0.isAppending = false }
        proceed()
    }

    private func tell(_ job: Job, _ appended: AppendedRecords) {
        switch job {
        case .changeOwnership(let number, _, _, _): deliver(.ownershipChanged(number: number, at: appended.end))
        case .clear(let number, _): deliver(.cleared(number: number))
        case .clean(_, let reply): reply(.removed(appended.keysRemoved))
        case .lookForLeftovers, .stage: break
        case .importChunk(let link, let chunk): deliver(.target(link: link, .imported(bytes: chunk.bytes.count)))
        case .jump(let link, let number, _): deliver(.target(link: link, .jumped(number: number)))
        }
    }

    private func fail(_ job: Job, _ error: StorageError) {
        switch job {
        case .clean(_, let reply): reply(.failed(error))
        case .lookForLeftovers(let reply): reply(nil)
        case .changeOwnership(let number, _, _, _): deliver(.ownershipFailed(number: number, reason: error.message))
        case .clear(let number, _): deliver(.clearFailed(number: number, reason: error.message))
        case .stage(let link, _), .importChunk(let link, _), .jump(let link, _, _):
            deliver(.target(link: link, .importFailed(reason: error.message)))
        }
    }

    /// The steps of docs/resharding.md at which tests let a node die.
    private func visit(_ job: Job, isDone: Bool) {
        switch job {
        case .changeOwnership(_, let own, let disown, _):
            if !disown.isEmpty { (isDone ? Failpoint.sourceDisowned : .sourceHold).visit() }
            if !own.isEmpty { (isDone ? Failpoint.targetOwned : .targetOwn).visit() }
        case .clear: (isDone ? Failpoint.leftoversCleared : .leftoversClear).visit()
        case .clean, .lookForLeftovers: break
        case .stage: if !isDone { Failpoint.targetClear.visit() }
        case .importChunk: (isDone ? Failpoint.targetImported : .targetImport).visit()
        case .jump: (isDone ? Failpoint.targetJumped : .targetJump).visit()
        }
    }
}
