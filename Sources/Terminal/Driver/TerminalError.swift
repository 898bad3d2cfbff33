/// Why the terminal could not be taken over; the message says what to do.
package struct TerminalError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable { case notATerminal, unsuitableTerminal, alreadyOpen, system }

    package let code: Code
    package let message: String

    package var description: String { message }
}
