import Console
import Glibc
import Logging
import NIOPosix
import Node
import Routing
import Server
import Storage
import Terminal

/// Opens the console, or prints one frame of it. On the main thread, which the screen belongs to.
@MainActor
func runConsole(_ options: ConsoleOptions) async throws {
    if !options.once { Backtraces.makeQuiet() }
    var config = try ConsoleConfig.load(options, theme: options.theme ?? firstTheme())
    if let folder = options.dataDirectory { config.dataDirectory = folder }
    if options.once { return try await printOnce(config, options) }
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
    let state = StateFolder.current()
    let runner = ConsoleRunner(
        source: source,
        options: dashboardOptions(options),
        themes: consoleThemes(),
        logPath: LogFile.path(in: state),
        settings: SettingsFile(in: state)
    )
    do {
        switch try runner.run() {
        case .quit: return
        case .hangUp: throw CommandFailure(.failed)
        case .signal(let number):
            if let demoFolder { TemporaryFolder.remove(demoFolder) }
            EndingSignals.end(with: number)
        }
    } catch let error as TerminalError {
        throw CommandFailure(.failed, "\(error)")
    } catch let error as ThemeError {
        throw CommandFailure(.usage, "\(error)")
    }
}

/// One frame as text, or the status document.
private func printOnce(_ config: ClusterConfig, _ options: ConsoleOptions) async throws {
    let group = EventLoops.shared
    let status = await ClusterProbe(config: config, group: group).probe()
    let nodes = status.shards.flatMap(\.nodes)
    if options.json {
        StandardStreams.write(StatusJSON.encode(status))
    } else {
        let snapshot = ClusterSnapshot(
            status: status,
            environment: ClusterSnapshot.Environment(rawValue: config.environment.rawValue) ?? .development,
            milliseconds: Int(Clock.monotonicMilliseconds())
        )
        let size = TerminalSize.ofStandardOutput
        let text = try OncePrinter.text(
            snapshots: [snapshot],
            options: dashboardOptions(options),
            clock: ConsoleClock(
                milliseconds: snapshot.milliseconds,
                unixSeconds: Int(time(nil)),
                utcOffsetSeconds: localOffset()
            ),
            width: size?.width ?? OncePrinter.defaultWidth,
            height: size?.height ?? OncePrinter.defaultHeight
        )
        StandardStreams.writeLine(text)
    }
    if nodes.allSatisfy({ $0.state == .unreachable }) {
        throw CommandFailure(
            .unreachable,
            "no node of \(config.file) can be reached: start one with `shoal node`, or all with `shoal console --start`"
        )
    }
}

private func dashboardOptions(_ options: ConsoleOptions) -> Console.ConsoleOptions {
    Console.ConsoleOptions(
        isReadOnly: options.readOnly,
        theme: options.theme ?? firstTheme(),
        isDemo: options.demo,
        user: ReshardSession.requester,
        isThemeChosen: options.theme != nil,
        terminal: getenv("TERM").map { String(cString: $0) } ?? ""
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

private func localOffset() -> Int {
    var now = time(nil)
    var local = tm()
    localtime_r(&now, &local)
    return local.tm_gmtoff
}

/// The size of the terminal that stdout is, if it is one.
enum TerminalSize {
    static var ofStandardOutput: (width: Int, height: Int)? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }
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
