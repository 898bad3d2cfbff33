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
    /// Frames or documents again and again.
    var watch: Bool
    /// As lines, without a screen.
    var plain: Bool
}

struct ConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console",
        abstract: "Open the dashboard.",
        discussion: """
            Example: shoal console --start
            Example: shoal console --demo
            Example: shoal console --once
            Example: shoal console --once --json --watch
            Example: shoal console --plain --start
            Example: shoal console --theme solarized-light
            Example: shoal console --theme-check dark
            """
    )

    @OptionGroup var config: ConfigOptions
    @Option(help: ArgumentHelp("Where the nodes inside keep their data, in place of the config's.", valueName: "dir"))
    var dataDir: String?
    @Flag(help: "Start every local node of the config inside the console.") var start = false
    @Flag(help: "The same on a throw-away data folder, with labelled demonstration traffic.") var demo = false
    @Flag(help: "Look, but don't start or stop anything.") var readOnly = false
    @Option(
        help: ArgumentHelp(
            "The colours: dark, light, high-contrast, colour-blind, solarized-dark, solarized-light, ansi-16, mono, or "
                + "a file of your own in ~/.config/shoal/themes. Without it: the one chosen last, else light or dark as the terminal is.",
            valueName: "name"
        )
    ) var theme: String?
    @Flag(help: "Print the contrast of a theme's roles, or of all themes, and end; 1 if a text has less than 4.5:1.")
    var themeCheck = false
    @Argument(help: ArgumentHelp("With --theme-check: the theme.", valueName: "name")) var name: String?
    @Flag(help: "Print one frame as plain text and end.") var once = false
    @Flag(help: "With --once: print the status document.") var json = false
    @Flag(help: "With --once: again each second, until Ctrl-C; with --json one document on each line.") var watch =
        false
    @Flag(
        help:
            "As lines instead of a screen: for screen readers, simple terminals and logs. Commands are typed as lines."
    )
    var plain = false

    func validate() throws {
        if name != nil, !themeCheck { throw ValidationError("only --theme-check takes a name") }
        if json, !once { throw ValidationError("--json goes with --once") }
        if watch, !once { throw ValidationError("--watch goes with --once (the console itself never stops watching)") }
        if plain, once {
            throw ValidationError("--plain goes on until it is left, --once prints one frame: choose one")
        }
        if demo, dataDir != nil {
            throw ValidationError("--demo uses a throw-away folder: leave out --data-dir, or use --start")
        }
        if readOnly, start || demo {
            throw ValidationError("--read-only starts no nodes: leave out --start and --demo")
        }
    }

    func run() async throws {
        if themeCheck { return try ThemeCheck.run(name ?? theme, themes: consoleThemes()) }
        try await runConsole(
            ConsoleOptions(
                configFile: config.file,
                dataDirectory: dataDir,
                start: start,
                demo: demo,
                readOnly: readOnly,
                theme: theme,
                once: once,
                json: json,
                watch: watch,
                plain: plain
            )
        )
    }
}
