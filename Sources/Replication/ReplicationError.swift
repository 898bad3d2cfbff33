/// What a peer said that makes no sense, or a file that can't be read: a code to branch on and one line for people.
package struct ReplicationError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// A frame that the protocol doesn't have, or that is not this side's to receive.
        case badFrame
        /// A frame longer than the protocol allows.
        case frameTooLong
        /// A log batch whose checksum or structure is wrong.
        case corruptBatch
        /// A hello that can't be read.
        case badHello
        /// A cursor file that can't be read.
        case badCursor
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
