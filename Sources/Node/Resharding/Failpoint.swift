import Glibc
import Synchronization

/// A step of a reshard at which a node can be made to die or to stand still, so that tests see what comes after.
///
/// `SHOAL_FAILPOINT=source.disowned=kill` in a node's environment: SIGKILL by itself the first time that it comes there;
/// `source.chunk:5=stop`: SIGSTOP the fifth time. Without the variable a step costs one load. The steps are those of
/// docs/resharding.md.
enum Failpoint: String, CaseIterable {
    // The target's.
    /// It is about to connect.
    case targetHello = "target.hello"
    /// Accepted; what an earlier attempt left is about to be cleared.
    case targetClear = "target.clear"
    /// A chunk came, and is about to be appended.
    case targetImport = "target.import"
    /// It is committed, and not acknowledged.
    case targetImported = "target.imported"
    /// It is about to ask for the hand-over.
    case targetAsk = "target.ask"
    /// It has everything, and is about to jump.
    case targetJump = "target.jump"
    /// The jump is committed, and nothing is confirmed.
    case targetJumped = "target.jumped"
    /// It has confirmed: the slots may be its own.
    case targetConfirmed = "target.confirmed"
    /// The map says that slots are its own, and the log is about to.
    case targetOwn = "target.own"
    /// The log says so, and they are not served yet.
    case targetOwned = "target.owned"

    // The source's.
    /// It has accepted, and is about to open the copy.
    case sourceAccept = "source.accept"
    /// It is about to send a part of the copy.
    case sourceChunk = "source.chunk"
    /// It is about to send a part of its log.
    case sourceLog = "source.log"
    /// Writes are held, and the log is about to say that the slots are given away.
    case sourceHold = "source.hold"
    /// The log says so, and the target does not know.
    case sourceDisowned = "source.disowned"
    /// The last position is sent.
    case sourceFinal = "source.final"
    /// The target has confirmed, and the map is about to be changed.
    case sourcePropose = "source.propose"
    /// The map is changed, and nobody here has acted on it.
    case sourceProposed = "source.proposed"

    // Either's.
    /// What is left of slots that were moved is about to be cleared.
    case leftoversClear = "leftovers.clear"
    /// It is cleared.
    case leftoversCleared = "leftovers.cleared"
    /// The job is about to be ended.
    case jobEnd = "job.end"
    /// It is ended, and nobody here has acted on it.
    case jobEnded = "job.ended"

    /// Long enough for a frame that was handed on to be on its way.
    static let sendingTime = 5

    private struct Armed: Sendable {
        var point: Failpoint
        /// The visit that counts, from 1.
        var visit: Int
        var signal: Int32
    }

    private static let armed = Failpoint.parse(getenv("SHOAL_FAILPOINT").map { String(cString: $0) })
    private static let visits = Atomic<Int>(0)

    static var isArmed: Bool { armed != nil }

    /// This process comes to the step. Any thread. Does not return when it was to be killed here.
    func visit() {
        guard let armed = Failpoint.armed, armed.point == self,
            Failpoint.visits.add(1, ordering: .sequentiallyConsistent).newValue == armed.visit
        else { return }
        kill(getpid(), armed.signal)
    }

    private static func parse(_ text: String?) -> Armed? {
        guard let text else { return nil }
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        let place = parts[0].split(separator: ":", omittingEmptySubsequences: false)
        let signal: Int32? = parts.count == 2 ? ["kill": SIGKILL, "stop": SIGSTOP][String(parts[1])] : nil
        guard let point = Failpoint(rawValue: String(place[0])), let signal, place.count <= 2,
            let visit = place.count == 2 ? Int(place[1]) : 1, visit > 0
        else {
            // Who sets it tests something: going on as if nothing were set would make that test pass for nothing.
            let names = Failpoint.allCases.map(\.rawValue).joined(separator: ", ")
            fatalError("SHOAL_FAILPOINT=\(text) is none: STEP[:VISIT]=kill|stop, STEP one of \(names)")
        }
        return Armed(point: point, visit: visit, signal: signal)
    }
}
