import Glibc
import Terminal

/// One run of the console: the state and what it is connected to, on the UI thread.
struct ConsoleSession {
    let driver: TerminalDriver
    let source: any ClusterSource
    var themes: ConsoleThemes
    var memory: ConsoleMemory
    var state: ConsoleState
    var hasAskedBackground = false
    var isDirty = true
    var lastFrame = Int.min / 2
    var lastSnapshot: Int?
    var lastSlots: Int?
    var lastDetails: NodeDetails?

    init(
        driver: TerminalDriver,
        source: any ClusterSource,
        options: ConsoleOptions,
        themes: ThemeLoader,
        theme: Theme,
        memory: ConsoleMemory
    ) {
        self.driver = driver
        self.memory = memory
        self.source = source
        self.themes = ConsoleThemes(theme, name: options.theme, loader: themes, depth: driver.colorDepth)
        driver.watched = self.themes.descriptor
        var options = options
        if !driver.abilities.hasFineGlyphs { options.graphSet = .ascii }
        options.canReshard = source.reshardPort != nil
        state = ConsoleState(
            options: options,
            themeNames: themes.names(),
            width: driver.size.width,
            height: driver.size.height,
            canCopy: driver.abilities.takesStrings
        )
    }

    mutating func run() -> ConsoleRunner.Ending {
        let waker = driver.waker
        source.onChange { waker.wake() }
        defer { source.onChange {} }
        tellDisplay()
        _ = perform(state.update(.tick(ConsoleClock.now())))
        _ = perform(state.update(.settings(memory.settings, notice: memory.notice)))
        memory.begin(state.settings, at: Self.monotonicMilliseconds())
        defer { memory.saveAtEnd(state.settings) }
        while true {
            let sinceFrame = Self.monotonicMilliseconds() - lastFrame
            let patience = ConsoleRunner.patience(
                isDirty: isDirty,
                sinceFrame: sinceFrame,
                isAnimating: state.isAnimating
            )
            let event = driver.nextEvent(timeoutMilliseconds: patience)
            _ = perform(state.update(.tick(ConsoleClock.now())), isNews: false)
            takeNews()
            if let ending = take(event) { return ending }
            drawIfDue()
            if memory.isDue(at: lastFrame), let problem = memory.save(state.settings, at: lastFrame) {
                _ = perform(state.update(.problem(problem)))
            }
        }
    }

    private mutating func take(_ event: TerminalEvent) -> ConsoleRunner.Ending? {
        switch event {
        case .key(let key): return perform(state.update(.key(key)))
        case .paste(let text): return perform(state.update(.paste(text)))
        case .resize(let width, let height): return perform(state.update(.resized(width: width, height: height)))
        case .mouse(let mouse): return perform(state.update(.mouse(mouse)))
        case .background(let isLight): return perform(state.update(.background(isLight: isLight)))
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
        if let details = source.latestDetails(), details != lastDetails {
            lastDetails = details
            _ = perform(state.update(.details(details)))
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
            // The state has checked what the terminal can take.
            case .copy(let text): _ = driver.copy(text)
            case .useMouse(let isWanted):
                let isThere = driver.useMouse(isWanted)
                _ = state.update(.mouseMode(!isThere ? .missing : isWanted ? .on : .off))
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
        let display = ConsoleDisplay(
            hasColors: themes.shown.hasColors,
            isUnicode: driver.glyphs.isUnicode,
            isInTmux: driver.abilities.clipboard == .tmux
        )
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
        guard !hasAskedBackground else { return }
        hasAskedBackground = true
        // After the first frame: nobody waits for an answer.
        if state.wantsBackground { driver.askBackground() }
    }

    private static func monotonicMilliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000 + time.tv_nsec / 1_000_000
    }
}
