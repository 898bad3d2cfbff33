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
    let arrived = Mutex<Int32?>(nil)
    let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
        signal(number, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            arrived.withLock { $0 = $0 ?? number }
            waker.wake()
        }
        source.resume()
        return source
    }
    defer { withExtendedLifetime(sources) {} }
    let runner = PlainRunner(source: source, options: dashboardOptions(options), isUnicode: isUTF8()) { line in
        StandardStreams.writeLine(line)
    }
    return runner.run(waker) { arrived.withLock { $0 } }
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
