import Glibc
import Model
import NIOCore
import NIOPosix

/// Turns NIO's connection errors into one line.
package enum ConnectFailure {
    package static func clientError(_ error: any Error, address: NodeAddress) -> ClientError {
        ClientError(.unreachable, "can't connect to \(address): \(reason(error)); is the node running?")
    }

    static func reason(_ error: any Error) -> String {
        switch error {
        case let failure as IOError: return String(cString: strerror(failure.errnoCode)).lowercased()
        case let failure as NIOConnectionError:
            if let single = failure.connectionErrors.first { return reason(single.error) }
            return "no such host"
        case ChannelError.connectTimeout: return "no answer in time"
        default: return "\(error)"
        }
    }
}
