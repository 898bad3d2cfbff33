/// What keeps a server from running, in one line for people.
package struct ServerError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Another process listens there.
        case addressInUse
        /// The address does not exist on this machine, or may not be used.
        case addressRefused
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
