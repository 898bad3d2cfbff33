/// Why a client operation failed: what, where, and what to do.
package struct ClientError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// No connection could be opened: nothing was sent.
        case unreachable
        /// No answer in time: whether the operation took place is unknown.
        case timeout
        /// The connection ended before the answer: whether the operation took place is unknown.
        case closed
        /// The other side sent something that is not its protocol, or more than a named bound.
        case badReply
        /// The node answered with an error.
        case refused
        /// Redirects went round in a circle.
        case redirectLoop
        /// The caller asked for something this client refuses to send.
        case badRequest
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
