import Glibc
import Terminal

/// Runs `PlainConsole` on the calling thread, which should be the main one: lines of stdin in, lines of stdout out. It never
/// waits for a node, and never touches the terminal's settings.
package final class PlainRunner {
    /// Time passes for the state at least this often.
    private static let tickMilliseconds: Int32 = 1_000

    private let source: any ClusterSource
    private let isUnicode: Bool
    private let write: (String) -> Void
    private var console: PlainConsole
    private var lines = LineSplitter()
    private var hasEnded = false
    private var lastSnapshot: Int?

    /// - Parameters:
    ///   - isScript: whether stdin is no terminal: then each line waits for what the one before asked for.
    ///   - isUnicode: whether the output is UTF-8; if not, ASCII is written.
    ///   - write: prints a line.
    package init(
        source: any ClusterSource,
        options: ConsoleOptions,
        isScript: Bool,
        isUnicode: Bool,
        write: @escaping (String) -> Void
    ) {
        self.source = source
        self.isUnicode = isUnicode
        self.write = write
        console = PlainConsole(options: options, isScript: isScript)
    }

    /// Whether something that was asked for was not done.
    package var hasFailed: Bool { console.hasFailed }

    /// Goes on until `quit`, the end of the input, or a signal; then stops the embedded nodes.
    /// - Parameters:
    ///   - waker: wakes the loop from any thread, as after a signal.
    ///   - signal: the one that came, if any.
    package func run(_ waker: TerminalWaker, signal: () -> Int32?) -> ConsoleRunner.Ending {
        source.onChange { waker.wake() }
        print(console.update(.console(.tick(ConsoleClock.now()))))
        write("Commands are lines; help lists them, quit ends.")
        let ending = loop(waker, signal)
        source.onChange {}
        source.shutdown { self.write(self.shown($0)) }
        return ending
    }

    private func loop(_ waker: TerminalWaker, _ signal: () -> Int32?) -> ConsoleRunner.Ending {
        while true {
            if let number = signal() { return .signal(number) }
            var isReadable = false
            // What is typed meanwhile waits where it comes from; a negative descriptor is not looked at.
            let descriptor = hasEnded || console.isBusy ? -1 : STDIN_FILENO
            waker.wait(alsoFor: descriptor, milliseconds: Self.tickMilliseconds, isReadable: &isReadable)
            if take(.console(.tick(ConsoleClock.now()))) || takeNews() { return .quit }
            if takeLines() || isReadable && readMore() { return .quit }
        }
    }

    /// Takes the lines that are there, as far as none has to wait.
    /// - Returns: whether that was the end.
    private func takeLines() -> Bool {
        while !console.isBusy, let line = lines.next() {
            if take(event(of: line)) { return true }
        }
        return false
    }

    /// - Returns: whether that was the end.
    private func readMore() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return false }
        if count < 0 {
            hasEnded = true
            let why = "can't read what is typed: \(String(cString: strerror(errno)))"
            return take(.refused(why)) || take(.endOfInput)
        }
        if count > 0 {
            lines.add(bytes[..<count])
            return takeLines()
        }
        hasEnded = true
        if let line = lines.last(), take(event(of: line)) { return true }
        return take(.endOfInput)
    }

    private func event(of line: LineSplitter.Line) -> PlainConsole.Event {
        switch line {
        case .text(let text): .line(text)
        case .tooLong:
            .refused(
                "a line has at most \(NumberFormat.full(LineSplitter.lineBytesMax)) bytes, and nothing was done with this one: "
                    + "write long values with shoal put KEY - < FILE"
            )
        case .notText:
            .refused("a line is UTF-8, and nothing was done with this one: write other bytes as \\x00 to \\xff")
        }
    }

    private func takeNews() -> Bool {
        var isOver = false
        let events = source.drainEvents()
        if !events.isEmpty { isOver = take(.console(.clusterEvents(events))) || isOver }
        if let snapshot = source.latest(), snapshot.milliseconds != lastSnapshot {
            lastSnapshot = snapshot.milliseconds
            isOver = take(.console(.snapshot(snapshot))) || isOver
        }
        for event in source.keysPort.drain() { isOver = take(.console(.keys(event))) || isOver }
        _ = source.drainLogs()
        return isOver
    }

    private func take(_ event: PlainConsole.Event) -> Bool {
        let output = console.update(event)
        print(output)
        return perform(output.actions)
    }

    private func print(_ output: PlainConsole.Output) {
        for line in output.lines { write(shown(line)) }
    }

    private func shown(_ line: String) -> String { isUnicode ? line : PlainText.ascii(line) }

    private func perform(_ actions: [ConsoleAction]) -> Bool {
        for action in actions {
            switch action {
            case .start(let addresses): source.start(addresses)
            case .stop(let addresses): source.stop(addresses)
            case .switchOver(let shard, let target): source.switchOver(shard: shard, to: target)
            case .keys(let command): source.keysPort.send(command)
            case .several(let actions): if perform(actions) { return true }
            case .audit(let line): source.audit(line)
            case .quit: return true
            // The state takes the steps of a restart itself; the rest is about a screen.
            default: break
            }
        }
        return false
    }
}
