import NIOCore

/// Work that goes on in steps: one step, whoever's it is, and then a look at the sockets.
///
/// SwiftNIO runs all tasks of a loop, and those that they add, before it looks at its sockets again. A step as such a task
/// would keep all other connections waiting until the last one. On its loop.
final class LoopSteps: @unchecked Sendable {
    // Sendable: confined to `eventLoop`.
    /// Time in which nothing is due, so that the loop looks at its sockets.
    private static let pause = TimeAmount.microseconds(50)
    /// A step that comes so much too late has waited for other tasks of the loop: it waits once more, for the sockets.
    private static let lateness = TimeAmount.microseconds(200)

    private let eventLoop: any EventLoop
    private var waiting = CircularBuffer<() -> Void>(initialCapacity: 4)
    private var isArmed = false

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    /// Runs it after the next look at the sockets, or after a later one when others wait.
    func add(_ step: @escaping () -> Void) {
        waiting.append(step)
        arm()
    }

    private func arm() {
        guard !isArmed, !waiting.isEmpty else { return }
        isArmed = true
        // As a task of its own: what this tick still has to do, as a commit, comes before the pause.
        eventLoop.assumeIsolated().execute { self.schedule(isPostponed: false) }
    }

    private func schedule(isPostponed: Bool) {
        let due = NIODeadline.now() + LoopSteps.pause
        eventLoop.assumeIsolated().scheduleTask(deadline: due) {
            if !isPostponed, NIODeadline.now() - due > LoopSteps.lateness { return self.schedule(isPostponed: true) }
            self.isArmed = false
            let step = self.waiting.removeFirst()
            step()
            self.arm()
        }
    }
}
