import NIOCore
import Synchronization

/// Turns any number of signals from any thread into one call on an event loop: `body`, set before the first signal.
package final class CoalescedWake: @unchecked Sendable {
    // Sendable: `body` is set and called on the loop only.
    private let eventLoop: any EventLoop
    private let isScheduled = Atomic<Bool>(false)
    package var body: (() -> Void)?

    package init(_ eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    package func signal() {
        guard !isScheduled.exchange(true, ordering: .acquiringAndReleasing) else { return }
        eventLoop.execute {
            self.isScheduled.store(false, ordering: .releasing)
            self.body?()
        }
    }
}
