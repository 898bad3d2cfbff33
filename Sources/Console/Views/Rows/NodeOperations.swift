import Model
import Server

/// Starts and stops that were asked for and do not show yet.
package struct NodeOperations: Hashable, Sendable {
    package enum Verb: Hashable, Sendable { case start, stop }

    private struct Request: Hashable, Sendable {
        var verb: Verb
        var since: Int
    }

    /// A request that shows no effect for so long is no longer drawn as under way; its outcome still comes as an event.
    static let milliseconds = 60_000

    private var requests: [String: Request] = [:]

    package var isEmpty: Bool { requests.isEmpty }

    package func verb(of address: String) -> Verb? { requests[address]?.verb }

    /// Notes what was asked for, so that the rows show it until the status does.
    mutating func begin(_ verb: Verb, _ addresses: [String], now: Int) {
        for address in addresses { requests[address] = Request(verb: verb, since: now) }
    }

    /// Forgets what shows no effect.
    mutating func expire(now: Int) { requests = requests.filter { now - $0.value.since < Self.milliseconds } }

    /// Forgets what the status shows.
    mutating func finish(_ snapshot: ClusterSnapshot) {
        guard !requests.isEmpty else { return }
        for node in snapshot.status.shards.flatMap(\.nodes) {
            guard let request = requests[node.address] else { continue }
            let isDone =
                switch request.verb {
                case .start: node.state == .running || node.state == .syncing || node.state == .failed
                case .stop: node.state == .stopped || node.state == .failed
                }
            // A status that is older than the request says nothing about it.
            if isDone, snapshot.milliseconds >= request.since { requests[node.address] = nil }
        }
    }
}
