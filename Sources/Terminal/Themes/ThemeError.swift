/// Why a theme could not be used; the message says where and what to write instead.
package struct ThemeError: Error, Equatable, CustomStringConvertible {
    package enum Code: Sendable { case syntax, unknownRole, unknownColor, duplicate, inheritance, notFound, unreadable }

    package let code: Code
    /// `file:line: message` where a line is to blame.
    package let message: String

    package var description: String { message }
}
