import Model
import NIOCore
import Server
import Synchronization

/// A counter that is written without end, with the time of each acknowledgement, and readers that hold what replicas
/// answer to `max_lag_ms` against it. All in one process, so on one clock.
final class BoundedReads: Sendable {
    /// What one reader was told.
    struct Tally {
        /// With a value, by the replica itself.
        var answers = 0
        /// 307 or 503.
        var refusals = 0
        var violations: [String] = []
    }

    private struct State {
        /// When each value was known to be written, or a later one was; the index is the value.
        var acknowledged: [(value: Int, at: ContinuousClock.Instant)] = []
        var tallies: [NodeAddress: Tally] = [:]
        var isStopping = false
    }

    private let shard: [NodeAddress]
    private let key: String
    private let state = Mutex(State())

    /// - Parameter shard: its members, as clients reach them.
    init(_ shard: [NodeAddress], key: String = "counter") {
        self.shard = shard
        self.key = key
    }

    var written: Int { state.withLock { $0.acknowledged.last?.value ?? 0 } }

    var violations: [String] { state.withLock { $0.tallies.values.flatMap(\.violations) } }

    func tally(_ node: NodeAddress) -> Tally { state.withLock { $0.tallies[node] ?? Tally() } }

    func stop() { state.withLock { $0.isStopping = true } }

    /// Writes, and reads at each of `readAt` with bounds of its own, until `stop`.
    func run(readAt nodes: [NodeAddress]) async {
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.write() }
            for node in nodes { for _ in 0..<2 { tasks.addTask { await self.read(node) } } }
        }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }

    private func write() async {
        let client = AuditClient(shard, patience: .seconds(2), number: 0)
        var value = 0
        while !isStopping {
            value += 1
            if case .reply = await client.send(["SET", key, "\(value)"], shard: 0) {
                let now = ContinuousClock.now
                state.withLock { $0.acknowledged.append((value, now)) }
            }
        }
        await client.close()
    }

    private static let bounds = [100, 200, 400, 1_000]

    private func read(_ node: NodeAddress) async {
        while !isStopping {
            let bound = BoundedReads.bounds.randomElement() ?? 1_000
            let began = ContinuousClock.now
            let path = "/get?key=\(key)&max_lag_ms=\(bound)"
            // A node that is stopped or dead answers nothing, which is not old.
            if let response = try? await HTTPFetch.request(method: "GET", address: node, path: path) {
                note(response, node, bound, began)
            }
        }
    }

    private func note(
        _ response: HTTPFetchResponse,
        _ node: NodeAddress,
        _ bound: Int,
        _ began: ContinuousClock.Instant
    ) {
        let isReplica = response.headers["shoal-role"] == "replica"
        let lag = isReplica ? response.headers["shoal-lag-milliseconds"].flatMap { Int($0) } : 0
        state.withLock { state in
            switch response.status {
            case 307, 503: state.tallies[node, default: Tally()].refusals += 1
            case 200, 404:
                if isReplica { state.tallies[node, default: Tally()].answers += 1 }
                let value = Int(String(decoding: response.body, as: UTF8.self)) ?? 0
                let problem = problem(value, lag: lag, bound: bound, began, state.acknowledged)
                if let problem { state.tallies[node, default: Tally()].violations.append("\(node): \(problem)") }
            default: state.tallies[node, default: Tally()].violations.append("\(node): \(response.status)")
            }
        }
    }

    /// The age that it tells must hold, and be within the bound. A millisecond more for what is cut off the figure.
    private func problem(
        _ value: Int,
        lag: Int?,
        bound: Int,
        _ began: ContinuousClock.Instant,
        _ acknowledged: [(value: Int, at: ContinuousClock.Instant)]
    ) -> String? {
        guard let lag else { return "a replica that does not tell its lag" }
        guard lag <= bound else { return "answers with a lag of \(lag) ms, allowed were \(bound)" }
        let since = began - .milliseconds(lag + 1)
        guard let needed = acknowledged.last(where: { $0.at <= since }), needed.value > value else { return nil }
        return "\(value) with a lag of \(lag) ms; \(needed.value) had been acknowledged for \(began - needed.at)"
    }
}
