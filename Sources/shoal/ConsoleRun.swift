import Console
import Glibc
import Logging
import NIOPosix
import Node
import Operations
import Routing
import Server
import Storage
import Terminal

/// Opens the console, or prints one frame of it. On the main thread, which the screen belongs to.
@MainActor
func runConsole(_ options: ConsoleOptions) async throws {
    // The terminal gives signals back as it found them, and nodes that stop behind it still write to sockets whose other ends
    // may have gone: SIGPIPE would end them half-way.
    signal(SIGPIPE, SIG_IGN)
    if !options.once { Backtraces.makeQuiet() }
    var config = try ConsoleConfig.load(options, theme: options.theme ?? firstTheme())
    if let folder = options.dataDirectory { config.dataDirectory = folder }
    if options.once { return try await ConsoleFrames(config: config, options: options).print() }
    var demoFolder: String?
    if options.demo {
        let folder = try TemporaryFolder.create()
        config.dataDirectory = folder
        demoFolder = folder
    }
    defer { if let demoFolder { TemporaryFolder.remove(demoFolder) } }
    let logs = LogBook()
    let logger = Logger(label: "shoal") { LogBookHandler(book: logs, label: $0) }
    let audit = Logger(label: "shoal.audit") { StreamLogHandler.standardError(label: $0) }
    let cluster = EmbeddedCluster(config: config, group: EventLoops.shared, control: EventLoops.control, logger: logger)
    let startsNodes = options.start || options.demo
    let startsDemo = options.demo
    let source = EmbeddedClusterSource(
        cluster,
        isReadOnly: options.readOnly,
        logs: logs,
        audit: { audit.notice("\($0)") }
    ) { cluster in
        if startsNodes { await cluster.startAll() }
        if startsDemo { cluster.startDemo() }
    }
    let ending = try options.plain ? runPlain(source, options) : runScreen(source, options)
    switch ending {
    case .quit: return
    case .hangUp: throw CommandFailure(.failed)
    case .signal(let number):
        if let demoFolder { TemporaryFolder.remove(demoFolder) }
        EndingSignals.end(with: number)
    }
}

/// The screen, until it is left; then nothing runs inside any more.
@MainActor
private func runScreen(_ source: EmbeddedClusterSource, _ options: ConsoleOptions) throws -> ConsoleRunner.Ending {
    let state = StateFolder.current()
    let runner = ConsoleRunner(
        source: source,
        options: dashboardOptions(options),
        themes: consoleThemes(),
        logPath: LogFile.path(in: state),
        settings: SettingsFile(in: state)
    )
    do {
        return try runner.run()
    } catch let error as TerminalError {
        throw CommandFailure(.failed, "\(error)")
    } catch let error as ThemeError {
        throw CommandFailure(.usage, "\(error)")
    }
}

func dashboardOptions(_ options: ConsoleOptions) -> Console.ConsoleOptions {
    Console.ConsoleOptions(
        isReadOnly: options.readOnly,
        theme: options.theme ?? firstTheme(),
        isDemo: options.demo,
        user: ReshardSession.requester,
        isThemeChosen: options.theme != nil,
        terminal: getenv("TERM").map { String(cString: $0) } ?? "",
        startsNodes: options.start || options.demo,
        configFile: options.configFile == ConfigOptions.defaultFile ? nil : options.configFile,
        dataDirectory: options.dataDirectory
    )
}

/// The theme of someone who chose none.
private func firstTheme() -> String {
    TerminalBackground.isLight(colorForegroundBackground: getenv("COLORFGBG").map { String(cString: $0) })
        ? "light" : "dark"
}

/// Where themes are looked for.
func consoleThemes() -> ThemeLoader {
    var environment: [String: String] = [:]
    for name in ["XDG_CONFIG_HOME", "HOME"] {
        if let value = getenv(name) { environment[name] = String(cString: value) }
    }
    return ThemeLoader(environment: environment, executablePath: executablePath())
}

/// Also where the shell found the executable by PATH; nil without /proc.
private func executablePath() -> String? {
    guard let path = realpath("/proc/self/exe", nil) else { return nil }
    defer { free(path) }
    return String(cString: path)
}

/// Swift's crash reporter asks on the terminal whether to debug and waits half a minute for an answer, in the middle of
/// what was the screen. It reads its setting before `main`, so the console starts itself again with it.
enum Backtraces {
    private static let variable = "SWIFT_BACKTRACE"

    static func makeQuiet() {
        guard getenv(variable) == nil, setenv(variable, "interactive=no,color=no", 1) == 0 else { return }
        var arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        execv("/proc/self/exe", &arguments)
        // Without /proc the console works as well; only a crash would be less tidy.
        for argument in arguments { free(argument) }
    }
}
