import Glibc
import Testing

/// Everything that starts real processes; one after the other, since they would measure and disturb each other.
@Suite(.serialized) enum EndToEndSuite {
    /// `make e2e-long`: all of the input, as many cycles as the issue asks for.
    static let isLong = getenv("SHOAL_LONG") != nil
}

/// What a test throws when the world around it does not do as it should.
struct TestFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

enum Poll {
    /// How long anything may take that normally takes well under a second: the machine may be busy.
    static let patience = Duration.seconds(20)

    /// Waits for the condition; false when the deadline has passed without it.
    static func until(
        within limit: Duration = patience,
        every interval: Duration = .milliseconds(20),
        _ condition: () async throws -> Bool
    ) async throws -> Bool {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while true {
            if try await condition() { return true }
            if ContinuousClock.now > deadline { return false }
            try await Task.sleep(for: interval)
        }
    }
}
