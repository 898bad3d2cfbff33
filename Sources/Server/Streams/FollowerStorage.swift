import NIOCore
import Replication
import Storage

/// Executes a follower's storage actions off its loop, in order, one round after the other: what has come meanwhile is the next
/// round. What the leader sends ahead (`inFlightBytesMax`) bounds a round.
///
/// After an action that failed it does nothing more, neither of what came during its round nor of what comes later: a log
/// would have a gap, and a snapshot that lacks a part would be marked as whole.
///
/// Its link owns it: `end`, then `join` or `close(then:)`, and nothing of it is left.
package final class FollowerStorage: @unchecked Sendable {
    // Sendable: everything mutable is confined to the link's event loop; jobs run on the queue.
    private let store: any ReplicaStore
    private let eventLoop: any EventLoop
    private let queue: any JobQueue
    private let planted: PlantedBugs
    private var pending: [FollowerRound.Job] = []
    private var isRunning = false
    /// Nothing more begins: its link has ended it, or an action has failed.
    private var isOver = false
    /// Takes an event on the link's loop; nil before `begin` and after `end`.
    private var deliver: ((FollowerMachine.Event) -> Void)?

    /// - Parameter eventLoop: the link's loop. All but `join` and `close` is called there.
    package init(store: any ReplicaStore, eventLoop: any EventLoop, environment: DriverEnvironment) {
        self.store = store
        self.eventLoop = eventLoop
        planted = environment.planted
        queue = environment.makeQueue("shoal-follower")
    }

    /// On the link's loop, before the first job.
    package func begin(_ deliver: @escaping (FollowerMachine.Event) -> Void) {
        eventLoop.assertInEventLoop()
        guard !isOver else { return }
        self.deliver = deliver
    }

    /// Queues an action for the next round. On the link's loop.
    package func add(_ job: FollowerRound.Job) {
        eventLoop.assertInEventLoop()
        guard !isOver else { return }
        pending.append(job)
    }

    /// Starts a round if there is something to do. On the link's loop.
    package func run() {
        eventLoop.assertInEventLoop()
        guard !isRunning, !pending.isEmpty, !isOver else { return }
        isRunning = true
        let round = FollowerRound(pending, store)
        pending = []
        if planted.contains(.acknowledgementBeforeSync) {
            round.onWritten = { event in self.eventLoop.execute { self.deliver?(event) } }
        }
        queue.add(steps: round.steps + [{ self.eventLoop.execute { self.finish(round) } }])
    }

    /// No round begins after this, and none tells of its end. On the link's loop.
    package func end() {
        eventLoop.assertInEventLoop()
        giveUp()
        deliver = nil
    }

    /// After `end`: waits for the round under way and for the thread. Blocks; not for event loops.
    package func join() { queue.close() }

    /// The same without blocking.
    package func close(then done: @escaping @Sendable () -> Void) { queue.close(then: done) }

    private func finish(_ round: FollowerRound) {
        isRunning = false
        // Before the events: taking one begins the next round.
        if round.hasFailed { giveUp() }
        for event in round.events { deliver?(event) }
        run()
    }

    private func giveUp() {
        isOver = true
        pending = []
    }
}
