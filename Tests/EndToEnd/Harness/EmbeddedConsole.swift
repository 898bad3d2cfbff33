import Glibc
import Server

/// `shoal console --start` in a terminal, with the nodes of a config inside.
final class EmbeddedConsole {
    let cluster: TestCluster
    let terminal: TmuxSession

    private init(_ cluster: TestCluster, _ terminal: TmuxSession) {
        self.cluster = cluster
        self.terminal = terminal
    }

    /// Opens it and waits for its running nodes, four if nothing is said. `cluster` is for opening the same data again.
    static func open(width: Int, height: Int, on cluster: TestCluster? = nil) async throws -> EmbeddedConsole {
        let cluster = try cluster ?? TestCluster([["lmdb", "lmdb"], ["lmdb", "lmdb"]])
        let command = [ShoalBinary.path, "console", "--start", "--config-file", cluster.configFile]
        let console = EmbeddedConsole(cluster, try await TmuxSession(width: width, height: height, command: command))
        let count = cluster.members.count
        try await console.wait(for: "dashboard with \(count) running nodes") {
            $0.text.contains("\(count)/\(count) nodes running")
        }
        return console
    }

    func screen() async throws -> ConsoleScreen { ConsoleScreen(try await terminal.screen()) }

    @discardableResult func wait(
        for what: String,
        within limit: Duration = Poll.patience,
        _ isAsWanted: (ConsoleScreen) -> Bool
    ) async throws -> ConsoleScreen {
        ConsoleScreen(try await terminal.wait(for: what, within: limit) { isAsWanted(ConsoleScreen($0)) })
    }

    /// `shoal bench` on this cluster, from another process; ended by the caller.
    func load(_ arguments: String...) throws -> ChildProcess {
        let command = [ShoalBinary.path, "bench", "--config-file", cluster.configFile] + arguments
        return try ChildProcess.start(command, output: "\(cluster.folder.path)/bench.log")
    }

    /// Leaves with `q` and its confirmation.
    func quit() async throws {
        try await terminal.press("q")
        try await wait(for: "question before leaving") { $0.text.contains("run inside this console") }
        try await terminal.press("Right", "Enter")
        let exit = try await terminal.waitForExit()
        guard exit == 0 else { throw TestFailure("q ended with \(exit)") }
    }
}
