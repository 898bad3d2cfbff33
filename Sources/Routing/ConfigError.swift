/// Everything that is wrong with a config.yaml. Printed as its first problem, `file:line: message`.
package struct ConfigError: Error, Hashable, Sendable, CustomStringConvertible {
    /// One thing that is wrong, and where.
    package struct Problem: Hashable, Sendable, CustomStringConvertible {
        package var file: String
        /// Counted from 1; nil when the file as a whole is meant (it is missing, say).
        package var line: Int?
        package var message: String

        package init(file: String, line: Int?, message: String) {
            self.file = file
            self.line = line
            self.message = message
        }

        package var description: String {
            guard let line else { return "\(file): \(message)" }
            return "\(file):\(line): \(message)"
        }
    }

    /// At least one, by line.
    package let problems: [Problem]

    package init(_ first: Problem, _ others: [Problem] = []) {
        problems = [first] + others
    }

    package var description: String { problems[0].description }
}
