import Foundation
import Glibc
import Synchronization

/// Notes when this process did not get the processor for long: a machine that stands still for seconds takes every lease
/// with it, and whoever reads of a failed test has to know.
final class StallWatch: Sendable {
    static let shared = StallWatch()

    private let stalls = Mutex<[String]>([])

    /// Shorter ones are usual on a machine that has much to do.
    private static let worthNoting = Duration.milliseconds(300)
    private static let kept = 20

    private init() {
        // Lives as long as the process.
        let thread = Thread { [self] in
            while true {
                let before = ContinuousClock.now
                usleep(20_000)
                let lost = before.duration(to: .now) - .milliseconds(20)
                guard lost > Self.worthNoting else { continue }
                let text = "\(Date.now): stood still for \(lost / .milliseconds(1)) ms"
                stalls.withLock { stalls in
                    stalls.append(text)
                    stalls.removeFirst(max(0, stalls.count - Self.kept))
                }
            }
        }
        thread.start()
    }

    /// The last ones, in words.
    var words: String {
        let stalls = stalls.withLock(\.self)
        return stalls.isEmpty ? "the machine never stood still" : "the machine " + stalls.joined(separator: ", ")
    }
}
