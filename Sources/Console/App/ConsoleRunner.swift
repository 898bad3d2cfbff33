import Glibc
import Terminal

/// Runs the console on the calling thread, which should be the main one: terminal events in, frames out. It never
/// waits for a node; what the source knows is picked up between two events.
package final class ConsoleRunner {
    /// Why the console ended.
    package enum Ending: Hashable, Sendable {
        case quit
        /// SIGINT, SIGTERM or SIGHUP from outside.
        case signal(Int32)
        /// The terminal went away.
        case hangUp
    }

    /// 20 frames a second are smooth, and a flood of keys or statuses costs no more.
    private static let frameMilliseconds = 50
    private static let spinMilliseconds = 125
    private static let idleMilliseconds = 1_000

    private let source: any ClusterSource
    private let options: ConsoleOptions
    private let themes: ThemeLoader
    private let logPath: String?
    private let settings: SettingsFile?

    /// - Parameters:
    ///   - logPath: a file that gets what the process prints while the screen is in use; nil lets it print.
    ///   - settings: what is remembered; nil remembers nothing.
    package init(
        source: any ClusterSource,
        options: ConsoleOptions,
        themes: ThemeLoader,
        logPath: String? = nil,
        settings: SettingsFile? = nil
    ) {
        self.source = source
        self.options = options
        self.themes = themes
        self.logPath = logPath
        self.settings = settings
    }

    /// Shows the console until the user leaves or a signal comes, gives the terminal back, and stops the embedded
    /// nodes. Call before other threads start: opening the terminal sets the locale.
    /// - Throws: `ThemeError` or `TerminalError`, before anything is shown; the source was not shut down then.
    package func run() throws -> Ending {
        var memory = ConsoleMemory(settings)
        var options = options
        let theme = try memory.theme(&options, themes)
        let driver = try TerminalDriver.open(capturingOutputTo: logPath)
        var session = ConsoleSession(
            driver: driver,
            source: source,
            options: options,
            themes: themes,
            theme: theme,
            memory: memory
        )
        let ending = session.run()
        driver.close()
        // A second hang-up or a supervisor's second TERM must not cut the clean stop short; Ctrl-C still does.
        signal(SIGHUP, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        // What nodes log while they stop goes where it went before, between nobody's lines. A log that can't be written any
        // more is no reason not to stop them: then it is printed.
        let log = logPath.flatMap { try? OutputCapture(path: $0) }
        source.shutdown { line in
            // The terminal may be gone; then there is nobody to tell.
            let bytes = Array((SafeText.display(line) + "\n").utf8)
            _ = write(log?.original(of: STDERR_FILENO) ?? STDERR_FILENO, bytes, bytes.count)
        }
        log?.restore()
        return ending
    }

    /// Milliseconds until something is due although no event comes.
    static func patience(isDirty: Bool, sinceFrame: Int, isAnimating: Bool) -> Int {
        let due = isDirty ? frameMilliseconds : isAnimating ? spinMilliseconds : idleMilliseconds
        return max(0, due - sinceFrame)
    }
}
