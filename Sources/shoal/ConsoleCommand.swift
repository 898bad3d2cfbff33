import ArgumentParser
import Routing

/// What `shoal console` was asked for; `runConsole` opens it.
struct ConsoleOptions: Sendable {
    var configFile: String
    /// nil: as the config says.
    var dataDirectory: String?
    var start: Bool
    var demo: Bool
    var readOnly: Bool
    var theme: String?
    var once: Bool
    var json: Bool
}

struct ConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console",
        abstract: "Open the dashboard.",
        discussion: """
            Example: shoal console --start
            Example: shoal console --demo
            Example: shoal console --once
            """
    )

    @OptionGroup var config: ConfigOptions
    @Option(help: ArgumentHelp("Where the nodes inside keep their data, in place of the config's.", valueName: "dir"))
    var dataDir: String?
    @Flag(help: "Start every local node of the config inside the console.") var start = false
    @Flag(help: "The same on a throw-away data folder, with labelled demonstration traffic.") var demo = false
    @Flag(help: "Look, but don't start or stop anything.") var readOnly = false
    @Option(help: ArgumentHelp("The colours: a file in themes/.", valueName: "name")) var theme: String?
    @Flag(help: "Print one frame as plain text and end.") var once = false
    @Flag(help: "With --once: print the status document.") var json = false

    func validate() throws {
        if json, !once { throw ValidationError("--json goes with --once (or use `shoal status --json --watch`)") }
        if demo, dataDir != nil {
            throw ValidationError("--demo uses a throw-away folder: leave out --data-dir, or use --start")
        }
        if readOnly, start || demo {
            throw ValidationError("--read-only starts no nodes: leave out --start and --demo")
        }
    }

    func run() async throws {
        try await runConsole(
            ConsoleOptions(
                configFile: config.file,
                dataDirectory: dataDir,
                start: start,
                demo: demo,
                readOnly: readOnly,
                theme: theme,
                once: once,
                json: json
            )
        )
    }
}
