import NIOCore
import NIOPosix

/// The one event loop of coordination in a process: etcd's connections and the time-outs of all calls. Nothing else
/// runs there, so that no fsync and no engine read delays a renewal.
enum CoordinationLoop {
    static let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Runs `body` after that time, unless cancelled.
    static func after(_ time: Duration, _ body: @escaping @Sendable () -> Void) -> Scheduled<Void> {
        group.any().scheduleTask(in: TimeAmount(time), body)
    }

    /// The pause between two attempts at a coordinator that does not answer; ends early when the task is cancelled.
    static func pause(_ time: Duration) async {
        do {
            try await Task.sleep(for: time)
        } catch {
            // Cancelled: whoever waits looks at its task next.
            return
        }
    }
}
