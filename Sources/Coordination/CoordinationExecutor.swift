import NIOCore

/// Runs tasks on coordination's own event loop: `Task(executorPreference: CoordinationExecutor.shared)`.
///
/// Session upkeep belongs there. Swift's own pool has a thread per core, and whatever blocks them (a long computation, a
/// read of a slow disk) would hold up renewals until leases run out. Nothing that blocks may run here.
package final class CoordinationExecutor: TaskExecutor {
    package static let shared = CoordinationExecutor()

    /// That loop, for drivers that live there.
    package let eventLoop: any EventLoop = CoordinationLoop.group.any()

    private init() {}

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
