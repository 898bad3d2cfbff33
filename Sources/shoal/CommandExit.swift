import ArgumentParser
import Coordination
import Glibc
import Model
import Routing
import Server

/// The exit codes of every subcommand (README, Exit codes).
enum ExitStatus: Int32 {
    case done = 0
    case failed = 1
    case usage = 2
    case unreachable = 3
    case notFound = 4
}

/// Ends a subcommand: one line on stderr that says what, where and what to do (nothing if `message` is empty).
struct CommandFailure: Error, Hashable {
    var status: ExitStatus
    var message: String

    init(_ status: ExitStatus, _ message: String = "") {
        self.status = status
        self.message = message
    }
}

enum CommandExit {
    /// Says what went wrong and ends the process with the code that belongs to it.
    static func end(with error: any Error) -> Never {
        switch error {
        case let failure as CommandFailure: end(failure)
        case let failure as ClientError: end(CommandFailure(status(of: failure), failure.message))
        case let failure as ConfigError: end(CommandFailure(.usage, failure.description))
        case let failure as RoutingError: end(CommandFailure(.usage, failure.description))
        case let failure as CoordinationError: end(CommandFailure(status(of: failure), failure.message))
        case let failure as ReshardError: end(CommandFailure(status(of: failure), failure.message))
        default: endParsing(error)
        }
    }

    static func status(of error: ClientError) -> ExitStatus {
        switch error.code {
        case .unreachable: .unreachable
        case .badRequest: .usage
        case .timeout, .closed, .badReply, .refused, .redirectLoop: .failed
        }
    }

    static func status(of error: CoordinationError) -> ExitStatus {
        switch error.code {
        case .unavailable, .unknownOutcome: .unreachable
        case .wrongCluster, .wrongCoordinator, .wentBack, .notLocal, .unauthorized, .badConfiguration: .usage
        case .cancelled, .sessionEnded, .corrupt, .tooLarge, .closed: .failed
        }
    }

    static func status(of error: ReshardError) -> ExitStatus {
        switch error.code {
        case .badText, .nothingAsked, .badName, .duplicate, .unknownShard, .badShardCount, .badSlots, .contradiction:
            .usage
        case .stalePlan, .wrongState, .badDocument: .failed
        }
    }

    private static func end(_ failure: CommandFailure) -> Never {
        if !failure.message.isEmpty { StandardStreams.writeError("shoal: \(failure.message)\n") }
        exit(failure.status.rawValue)
    }

    /// Help and version are no errors; wrong usage is 2 here, as the contract says, and not 64.
    private static func endParsing(_ error: any Error) -> Never {
        let code = Shoal.exitCode(for: error)
        let text = Shoal.fullMessage(for: error)
        if code.isSuccess {
            StandardStreams.writeLine(text)
            exit(ExitStatus.done.rawValue)
        }
        guard code == ExitCode.validationFailure else {
            end(CommandFailure(.failed, "\(error)"))
        }
        // The parser's text has the usage below; one line is what the contract promises.
        var what = Shoal.message(for: error).split(separator: "\n").first ?? "wrong usage"
        if what.hasSuffix(".") { what.removeLast() }
        let command = text.split(separator: "'").last { $0.hasPrefix("shoal") && $0.hasSuffix("--help") }
        end(CommandFailure(.usage, "\(what): see `\(command ?? "shoal --help")`"))
    }
}
