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
}
