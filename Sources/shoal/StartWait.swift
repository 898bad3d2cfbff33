import Glibc
import Model
import NIOCore
import Server

/// Follows a node from the answer to `start` until its shard is open: `started` is said when it is true.
struct StartWait {
    /// A log is replayed within seconds. Longer, and the one who typed wants the prompt back; the node goes on.
    private static let patience = Duration.seconds(120)
    /// A replica may wait for a leader that nobody starts, or copy a whole engine: its shard is open meanwhile.
    private static let syncingPatience = Duration.seconds(5)
    /// Fast enough that a start of some milliseconds isn't drawn out, slow enough not to disturb a replay.
    private static let interval = Duration.milliseconds(50)
    private static let statusTimeout = TimeAmount.seconds(2)

    let address: NodeAddress

    /// What to tell the user: `started`, with what is left to do. Unless `quietly`, progress goes to stderr, a line a
    /// second at most. Throws if the shard fails to open, is stopped again meanwhile, or takes too long.
    func untilStarted(quietly: Bool) async throws(ClientError) -> String {
        let began = ContinuousClock.now
        var saidAt = began
        var said = ""
        while true {
            let status = try await status()
            let elapsed = began.duration(to: .now)
            switch status.state {
            case .running: return "started"
            case .failed: throw ClientError(.refused, status.message)
            case .stopped: throw ClientError(.refused, "stopped again meanwhile")
            case .syncing where elapsed > Self.syncingPatience: return "started, still syncing: \(status.message)"
            case .syncing, .starting, .unreachable: break
            }
            guard elapsed < Self.patience else {
                throw ClientError(.timeout, "still starting: \(status.message); it goes on, see `shoal status`")
            }
            if !quietly, status.message != said, saidAt.duration(to: .now) >= .seconds(1) {
                StandardStreams.writeError("\(address): \(status.state.rawValue): \(status.message)\n")
                (said, saidAt) = (status.message, .now)
            }
            // Another process: only asking again tells. Cancelled, the next request says so.
            try? await Task.sleep(for: Self.interval)
        }
    }

    private func status() async throws(ClientError) -> NodeStatus {
        let response = try await HTTPFetch.request(
            method: "GET",
            address: address,
            path: "/status",
            timeout: Self.statusTimeout
        )
        guard let status = StatusJSON.decode(NodeStatus.self, from: response.body) else {
            throw ClientError(.badReply, "\(address) answered /status with something else: is this a Shoal node?")
        }
        return status
    }
}
