import NIOCore
import Replication
import Storage

/// Executes a follower's storage actions off its loop, in order, one round after the other: what has come meanwhile is the next
/// round. What the leader sends ahead (`inFlightBytesMax`) bounds a round.
///
/// Its link owns it: `end`, then `join` or `close(then:)`, and nothing of it is left.
final class FollowerStorage: @unchecked Sendable {
    // Sendable: everything mutable is confined to the link's event loop; jobs run on the queue.
    private let store: any ReplicaStore
    private let eventLoop: any EventLoop
    private let queue: any JobQueue
    private let planted: PlantedBugs
    private var pending: [FollowerRound.Job] = []
    private var isRunning = false
    private var hasEnded = false
    /// Takes an event on the link's loop; nil before `begin` and after `end`.
    private var deliver: ((FollowerMachine.Event) -> Void)?

    init(store: any ReplicaStore, eventLoop: any EventLoop, environment: DriverEnvironment) {
        self.store = store
        self.eventLoop = eventLoop
        planted = environment.planted
        queue = environment.makeQueue("shoal-follower")
    }

    /// On the link's loop, before the first job.
    func begin(_ deliver: @escaping (FollowerMachine.Event) -> Void) {
        eventLoop.assertInEventLoop()
        guard !hasEnded else { return }
        self.deliver = deliver
    }

    /// On the link's loop.
    func add(_ job: FollowerRound.Job) {
        eventLoop.assertInEventLoop()
        guard !hasEnded else { return }
        pending.append(job)
    }

    /// Starts a round if there is something to do. On the link's loop.
    func run() {
        eventLoop.assertInEventLoop()
        guard !isRunning, !pending.isEmpty, !hasEnded else { return }
        isRunning = true
        let round = FollowerRound(pending, store)
        pending = []
        if planted.contains(.acknowledgementBeforeSync) {
            round.onWritten = { event in self.eventLoop.execute { self.deliver?(event) } }
        }
        queue.add(steps: round.steps + [{ self.eventLoop.execute { self.finish(round.events) } }])
    }

    /// No round begins after this, and none tells of its end. On the link's loop.
    func end() {
        eventLoop.assertInEventLoop()
        hasEnded = true
        pending = []
        deliver = nil
    }

    /// After `end`: waits for the round under way and for the thread. Blocks; not for event loops.
    func join() { queue.close() }

    /// The same without blocking.
    func close(then done: @escaping @Sendable () -> Void) { queue.close(then: done) }

    private func finish(_ events: [FollowerMachine.Event]) {
        isRunning = false
        for event in events { deliver?(event) }
        run()
    }
}
