import Glibc
import Synchronization

/// How many clients a process takes: as many as its limit of open files allows, less what logs, engines, and connections of
/// other nodes need. Without that, the last client would take the descriptor that the log needs for its next segment.
package final class ConnectionRoom: Sendable {
    package enum Place: Sendable {
        /// As any client.
        case client
        /// All places of clients are taken: only other nodes are served, and who asks for the node's health.
        case limited
        /// It is told so, and closed.
        case none
    }

    /// That of this process, which its nodes share.
    package static let shared = ConnectionRoom(filesMax: filesMax())

    /// Descriptors that are not for clients: half of few, this many of many.
    private static let reserveMax = 1_024
    /// Connections beyond those of clients, for health and other nodes: a quarter of the reserve, this many at the most.
    private static let limitedPlacesMax = 64

    package let clientsMax: Int
    private let limitedMax: Int
    private let taken = Atomic<Int>(0)

    package init(clientsMax: Int, limitedMax: Int) {
        self.clientsMax = clientsMax
        self.limitedMax = limitedMax
    }

    /// - Parameter filesMax: descriptors that the process may have.
    package convenience init(filesMax: Int) {
        let reserve = min(filesMax / 2, ConnectionRoom.reserveMax)
        self.init(
            clientsMax: filesMax - reserve,
            limitedMax: min(reserve / 4, ConnectionRoom.limitedPlacesMax)
        )
    }

    private static func filesMax() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_024 }
        return Int(clamping: limit.rlim_cur)
    }

    /// Connections that are open.
    package var count: Int { taken.load(ordering: .relaxed) }

    /// Whether the next client would not be served.
    package var isFull: Bool { count >= clientsMax }

    /// A connection begins; it leaves by `leave`, whatever it got.
    package func enter() -> Place {
        let number = taken.add(1, ordering: .relaxed).newValue
        return number <= clientsMax ? .client : number <= clientsMax + limitedMax ? .limited : .none
    }

    package func leave() { taken.subtract(1, ordering: .relaxed) }
}
