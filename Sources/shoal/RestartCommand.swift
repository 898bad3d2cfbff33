import ArgumentParser
import Console
import Model
import NIOCore
import Node
import Operations
import Server

struct RestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Restart the shards of nodes one after the other, without a failed request.",
        discussion: """
            Each node closes its files and opens them again; the next one waits until it is back in its shard's in-sync \
            set. Replicas go first, and a leader hands over before its turn where a replica can take over. Ctrl-C ends it \
            where it is.

            Example: shoal restart shard0
            Example: shoal restart 127.0.0.2:8080 127.0.0.22:8080
            """
    )

    @Argument(help: ArgumentHelp("Nodes or shards of the config.", valueName: "ADDR|SHARD")) var names: [String]
    @OptionGroup var config: ConfigOptions

    /// The status tells what became of a request; other processes: only asking again tells.
    private static let lookPause = Duration.milliseconds(200)
    private static let timeout = TimeAmount.seconds(60)

    func run() async throws {
        let cluster = try config.load()
        let wanted = Set(try NodeAction.stop.nodes(named: names, in: cluster).map { "\($0)" })
        let probe = ClusterProbe(config: cluster)
        let first = await probe.probe()
        let nodes = first.shards.flatMap(\.nodes).filter { wanted.contains($0.address) }
        if let away = nodes.first(where: { $0.state != .running }) {
            throw CommandFailure(
                away.state == .unreachable ? .unreachable : .failed,
                "\(away.address) is \(away.state.rawValue): start it first, nothing was restarted"
            )
        }
        var restart = RollingRestart(nodes, now: Self.now())
        var said = ""
        while restart.outcome == .underWay {
            let asked = Self.now()
            let status = await probe.probe()
            let snapshot = ClusterSnapshot(status: status, environment: .development, milliseconds: asked)
            for action in restart.step(snapshot, now: Self.now()) { try await perform(action, status) }
            if restart.outcome == .underWay, restart.current != nil, restart.progress != said {
                said = restart.progress
                StandardStreams.writeLine(said)
            }
            try await Task.sleep(for: Self.lookPause)
        }
        if case .failed(let reason) = restart.outcome { throw CommandFailure(.failed, reason) }
        StandardStreams.writeLine("restarted \(nodes.count) of \(nodes.count)")
    }

    private func perform(_ action: ConsoleAction, _ status: ClusterStatus) async throws {
        switch action {
        case .stop(let addresses): for address in addresses { try await post("/admin/stop", to: address) }
        case .start(let addresses): for address in addresses { try await post("/admin/start", to: address) }
        case .switchOver(let shard, let target):
            guard let leader = status.shards.first(where: { $0.name == shard })?.runningLeader else { return }
            try await post("/admin/switchover?to=\(target)", to: leader.address)
        // A rolling restart asks for nothing else.
        default: break
        }
    }

    private func post(_ path: String, to address: String) async throws {
        let response: HTTPFetchResponse
        do throws(ClientError) {
            response = try await HTTPFetch.request(
                method: "POST",
                address: try node(address),
                path: path,
                timeout: Self.timeout
            )
        } catch {
            throw CommandFailure(CommandExit.status(of: error), error.message)
        }
        guard (200..<300).contains(response.status) else {
            throw CommandFailure(.failed, "\(address): \(response.refusal)")
        }
    }

    private func node(_ address: String) throws(ClientError) -> NodeAddress {
        do { return try NodeAddress(address) } catch { throw ClientError(.badRequest, "\(address): \(error)") }
    }

    private static func now() -> Int { Int(Clock.monotonicMilliseconds()) }
}
