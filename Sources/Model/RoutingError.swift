/// What is wrong with an address, a slot map or a placement: a code to branch on and one line for people.
package struct RoutingError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// Text that is no `host:port`.
        case badAddress
        /// A slot map that is not total, or names shards that do not exist.
        case badSlotMap
        /// A policy was asked for something it cannot place.
        case badPlacement
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
