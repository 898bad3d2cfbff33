import Console
import Dispatch
import Glibc
import Synchronization
import Terminal

/// The console as lines, on the main thread, until `quit`, the end of stdin or a signal; then nothing runs inside any more.
@MainActor
func runPlain(_ source: EmbeddedClusterSource, _ options: ConsoleOptions) throws -> ConsoleRunner.Ending {
    let waker: TerminalWaker
    do { waker = try TerminalWaker() } catch { throw CommandFailure(.failed, error.message) }
    let log = ErrorLog(LogFile.path(in: StateFolder.current()))
    defer { log?.end() }
    let signals = ArrivedSignal([SIGINT, SIGTERM, SIGHUP]) { waker.wake() }
    let isScript = isatty(STDIN_FILENO) != 1
    let runner = PlainRunner(
        source: source,
        options: dashboardOptions(options),
        isScript: isScript,
        isUnicode: isUTF8()
    ) { line in
        StandardStreams.writeLine(line)
    }
    let ending = runner.run(waker) { signals.first }
    // Whoever types has read it.
    if isScript, runner.hasFailed, ending == .quit { throw CommandFailure(.failed) }
    return ending
}

/// The first signal that came, for a loop that looks itself.
private final class ArrivedSignal: @unchecked Sendable {
    // Sendable: `sources` changes while this is made, and is then only kept alive.
    private let arrived = Mutex<Int32?>(nil)
    private var sources: [any DispatchSourceSignal] = []

    /// - Parameter wake: called on any thread when one has come.
    init(_ numbers: [Int32], wake: @escaping @Sendable () -> Void) {
        for number in numbers {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { [weak self] in
                self?.arrived.withLock { $0 = $0 ?? number }
                wake()
            }
            source.resume()
            sources.append(source)
        }
    }

    var first: Int32? { arrived.withLock { $0 } }
}

/// Sends what the process logs, the audit included, to the console's log file: the lines are for what happens.
private struct ErrorLog {
    private let before: Int32

    /// nil where the file can't be written: then it goes where it went.
    init?(_ path: String) {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { return nil }
        defer { close(file) }
        before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
        guard before >= 0, dup2(file, STDERR_FILENO) >= 0 else { return nil }
    }

    func end() {
        dup2(before, STDERR_FILENO)
        close(before)
    }
}

/// Whether what is written is read as UTF-8, as the locale says.
private func isUTF8() -> Bool {
    for name in ["LC_ALL", "LC_CTYPE", "LANG"] {
        guard let value = getenv(name).map({ String(cString: $0) }), !value.isEmpty else { continue }
        let lower = value.lowercased()
        return lower.contains("utf-8") || lower.contains("utf8")
    }
    return false
}
