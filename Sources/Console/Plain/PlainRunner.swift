import Glibc
import Terminal

/// Runs `PlainConsole` on the calling thread, which should be the main one: lines of stdin in, lines of stdout out. It never
/// waits for a node, and never touches the terminal's settings.
package final class PlainRunner {
    /// A line that is longer is cut there: more than a command with the longest key and a value worth typing.
    private static let lineBytesMax = 64 << 10
    /// Time passes for the state at least this often.
    private static let tickMilliseconds: Int32 = 1_000

    private let source: any ClusterSource
    private let isUnicode: Bool
    private let write: (String) -> Void
    private var console: PlainConsole
    private var pending: [UInt8] = []
    private var lastSnapshot: Int?

    /// - Parameters:
    ///   - isUnicode: whether the output is UTF-8; if not, ASCII is written.
    ///   - write: prints a line.
    package init(
        source: any ClusterSource,
        options: ConsoleOptions,
        isUnicode: Bool,
        write: @escaping (String) -> Void
    ) {
        self.source = source
        self.isUnicode = isUnicode
        self.write = write
        console = PlainConsole(options: options)
    }

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
            waker.wait(alsoFor: STDIN_FILENO, milliseconds: Self.tickMilliseconds, isReadable: &isReadable)
            if take(.console(.tick(ConsoleClock.now()))) || takeNews() { return .quit }
            if isReadable, readLines() { return .quit }
        }
    }

    /// - Returns: whether that was the end.
    private func readLines() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = read(STDIN_FILENO, &bytes, bytes.count)
        if count < 0 { return errno != EINTR && errno != EAGAIN }
        if count == 0 {
            let rest = pending
            pending = []
            return !rest.isEmpty && take(.line(String(decoding: rest, as: UTF8.self))) || take(.endOfInput)
        }
        for byte in bytes[..<count] {
            if byte == UInt8(ascii: "\n") {
                let line = String(decoding: pending, as: UTF8.self)
                pending = []
                if take(.line(line)) { return true }
            } else if pending.count < Self.lineBytesMax {
                pending.append(byte)
            }
        }
        return false
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
