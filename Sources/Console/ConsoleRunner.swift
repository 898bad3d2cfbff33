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

    /// - Parameter logPath: a file that gets what the process prints while the screen is in use; nil lets it print.
    package init(source: any ClusterSource, options: ConsoleOptions, themes: ThemeLoader, logPath: String? = nil) {
        self.source = source
        self.options = options
        self.themes = themes
        self.logPath = logPath
    }

    /// Shows the console until the user leaves or a signal comes, gives the terminal back, and stops the embedded
    /// nodes. Call before other threads start: opening the terminal sets the locale.
    /// - Throws: `ThemeError` or `TerminalError`, before anything is shown; the source was not shut down then.
    package func run() throws -> Ending {
        let theme = try themes.load(options.theme)
        let driver = try TerminalDriver.open(capturingOutputTo: logPath)
        var session = ConsoleSession(driver: driver, source: source, options: options, themes: themes, theme: theme)
        let ending = session.run()
        driver.close()
        // A second hang-up or a supervisor's second TERM must not cut the clean stop short; Ctrl-C still does.
        signal(SIGHUP, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        source.shutdown { line in
            // The terminal may be gone; then there is nobody to tell.
            let bytes = Array((SafeText.display(line) + "\n").utf8)
            _ = write(STDERR_FILENO, bytes, bytes.count)
        }
        return ending
    }

    /// Milliseconds until something is due although no event comes.
    static func patience(isDirty: Bool, sinceFrame: Int, isAnimating: Bool) -> Int {
        let due = isDirty ? frameMilliseconds : isAnimating ? spinMilliseconds : idleMilliseconds
        return max(0, due - sinceFrame)
    }
}

/// One run of the console: the state and what it is connected to, on the UI thread.
private struct ConsoleSession {
    let driver: TerminalDriver
    let source: any ClusterSource
    var themes: ConsoleThemes
    var state: ConsoleState
    var isDirty = true
    var lastFrame = Int.min / 2
    var lastSnapshot: Int?
    var lastSlots: Int?
    var lastFigures: NodeFigures?

    init(
        driver: TerminalDriver,
        source: any ClusterSource,
        options: ConsoleOptions,
        themes: ThemeLoader,
        theme: Theme
    ) {
        self.driver = driver
        self.source = source
        self.themes = ConsoleThemes(theme, name: options.theme, loader: themes, depth: driver.colorDepth)
        driver.watched = self.themes.descriptor
        var options = options
        options.canReshard = source.reshardPort != nil
        state = ConsoleState(
            options: options,
            themeNames: themes.names(),
            width: driver.size.width,
            height: driver.size.height
        )
    }

    mutating func run() -> ConsoleRunner.Ending {
        let waker = driver.waker
        source.onChange { waker.wake() }
        defer { source.onChange {} }
        tellDisplay()
        while true {
            let sinceFrame = Self.monotonicMilliseconds() - lastFrame
            let patience = ConsoleRunner.patience(
                isDirty: isDirty,
                sinceFrame: sinceFrame,
                isAnimating: state.isAnimating
            )
            let event = driver.nextEvent(timeoutMilliseconds: patience)
            _ = perform(state.update(.tick(Self.clock())), isNews: false)
            takeNews()
            if let ending = take(event) { return ending }
            drawIfDue()
        }
    }

    private mutating func take(_ event: TerminalEvent) -> ConsoleRunner.Ending? {
        switch event {
        case .key(let key): return perform(state.update(.key(key)))
        case .paste(let text): return perform(state.update(.paste(text)))
        case .resize(let width, let height): return perform(state.update(.resized(width: width, height: height)))
        case .wake, .none: return nil
        case .watched:
            if let news = themes.reload() { take(news) }
            return nil
        case .terminate(let signal): return .signal(signal)
        case .hangUp: return .hangUp
        }
    }

    private mutating func takeNews() {
        let events = source.drainEvents()
        if !events.isEmpty {
            _ = perform(state.update(.clusterEvents(events)))
        }
        if let snapshot = source.latest(), snapshot.milliseconds != lastSnapshot {
            lastSnapshot = snapshot.milliseconds
            _ = perform(state.update(.snapshot(snapshot)))
        }
        if let figures = source.latestFigures(), figures != lastFigures {
            lastFigures = figures
            _ = perform(state.update(.figures(figures)))
        }
        for event in source.keysPort.drain() { _ = perform(state.update(.keys(event))) }
        let logs = source.drainLogs()
        if !logs.isEmpty {
            _ = perform(state.update(.logs(logs)), isNews: state.view == .logs)
        }
        for event in source.reshardPort?.drain() ?? [] { _ = perform(state.update(.reshard(event))) }
        if let (slots, milliseconds) = source.latestSlots(), milliseconds != lastSlots {
            lastSlots = milliseconds
            _ = perform(state.update(.slots(slots)))
        }
    }

    private mutating func perform(_ actions: [ConsoleAction], isNews: Bool = true) -> ConsoleRunner.Ending? {
        if isNews || !actions.isEmpty { isDirty = true }
        for action in actions {
            switch action {
            case .start(let addresses): source.start(addresses)
            case .stop(let addresses): source.stop(addresses)
            case .switchOver(let shard, let target): source.switchOver(shard: shard, to: target)
            case .reshard(let command): source.reshardPort?.send(command)
            case .watchNode(let address): source.watchNode(address)
            case .keys(let command): source.keysPort.send(command)
            case .restart: break
            case .several(let actions): if let ending = perform(actions) { return ending }
            case .audit(let line): source.audit(line)
            case .watchSlots(let isWanted): source.watchSlots(isWanted)
            case .useTheme(let name): take(themes.use(name))
            case .redraw: driver.repaint()
            // The driver has no clipboard yet, so that the table has no such command.
            case .copy: break
            case .quit: return .quit
            }
        }
        return nil
    }

    private mutating func take(_ news: ThemeNews) {
        isDirty = true
        _ = state.update(.theme(news))
        tellDisplay()
    }

    private mutating func tellDisplay() {
        let display = ConsoleDisplay(hasColors: themes.shown.hasColors, isUnicode: driver.glyphs.isUnicode)
        _ = state.update(.display(display))
    }

    private mutating func drawIfDue() {
        let now = Self.monotonicMilliseconds()
        guard ConsoleRunner.patience(isDirty: isDirty, sinceFrame: now - lastFrame, isAnimating: state.isAnimating) == 0
        else { return }
        lastFrame = now
        isDirty = false
        let size = driver.size
        driver.draw(
            ConsoleRenderer.render(
                state,
                width: size.width,
                height: size.height,
                theme: themes.shown,
                glyphs: driver.glyphs
            )
        )
    }

    private static func monotonicMilliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }

    private static func clock() -> ConsoleClock {
        var now = time(nil)
        var local = tm()
        localtime_r(&now, &local)
        return ConsoleClock(
            milliseconds: monotonicMilliseconds(),
            unixSeconds: now,
            utcOffsetSeconds: local.tm_gmtoff
        )
    }
}
