/// What went wrong at the coordinator: a code to branch on and one line for people.
package struct CoordinationError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// No answer, or none of any use; surely nothing was changed. Trying later may work.
        case unavailable
        /// A change was sent and not answered: it may be done, now or later. Only a read decides; never repeat blindly.
        case unknownOutcome
        /// The task was cancelled; surely nothing was changed.
        case cancelled
        /// The session is over, or never was. It won't come back; open another.
        case sessionEnded
        /// What is there belongs to a cluster of another name.
        case wrongCluster
        /// Another coordinator than the one that the data folders know, or one that has lost its data.
        case wrongCoordinator
        /// The right one, with an older state than it had.
        case wentBack
        /// `local` was asked to coordinate nodes of other machines.
        case notLocal
        /// The coordinator refused the user, password, certificate or permission.
        case unauthorized
        /// What the coordinator has can't be read.
        case corrupt
        /// A setting makes no sense, such as an endpoint that is none.
        case badConfiguration
        /// A key, value or transaction over the limits (`CoordinationLimits`).
        case tooLarge
        /// It was closed by this process.
        case closed
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// It has an older state than it had: somebody put a backup in its place.
    static func wentBack(place: String, to revision: UInt64, from seen: UInt64) -> CoordinationError {
        CoordinationError(
            .wentBack,
            "\(place) is at revision \(revision), and was at \(seen) before: its data was put back from a backup, which may not "
                + "know the newest leaders; restart the nodes to go on with it, the last leader first"
        )
    }

    /// Where a coordinator was, another one is, or none of this cluster.
    package static func changed(place: String, found: String?, known: String) -> CoordinationError {
        CoordinationError(
            .wrongCoordinator,
            found.map { "\(place) is coordinator \($0) now, but the data folder belongs to \(known)" }
                ?? "\(place) knows no cluster any more, but the data folder belongs to coordinator \(known): its data is gone"
        )
    }
}
