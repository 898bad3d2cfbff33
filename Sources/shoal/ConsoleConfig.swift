import Console
import Glibc
import Routing
import Terminal

/// The config that the console opens; where there is none that can be used, a page that helps to one.
@MainActor
enum ConsoleConfig {
    /// - Throws: `ConfigError`, as it was last, when there is no terminal to show a page on or the user gave up there.
    static func load(_ options: ConsoleOptions, theme: String) throws -> ClusterConfig {
        let file = options.configFile
        switch look(at: file) {
        case .success(let config): return config
        case .failure(let error):
            guard !options.once, !options.plain, isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
                throw error
            }
            return try ask(options, theme: theme, error)
        }
    }

    private static func ask(_ options: ConsoleOptions, theme: String, _ first: ConfigError) throws -> ClusterConfig {
        let file = options.configFile
        var last = Result<ClusterConfig, ConfigError>.failure(first)
        let files = FirstMinutesRunner.Files {
            last = look(at: file)
            return finding(last, file)
        } write: {
            write(ExampleConfig.text, to: file)
        }
        let page = FirstMinutes(file: file, isReadOnly: options.readOnly, finding: finding(last, file))
        let ending: ConsoleRunner.Ending?
        do {
            ending = try FirstMinutesRunner(files: files, themes: consoleThemes(), theme: theme).run(page)
        } catch is TerminalError {
            // A terminal that can show no page: the line says as much.
            throw first
        } catch let error as ThemeError {
            throw CommandFailure(.usage, "\(error)")
        }
        switch ending {
        case .hangUp: throw CommandFailure(.failed)
        case .signal(let number): EndingSignals.end(with: number)
        case .quit, nil: return try last.get()
        }
    }

    private static func look(at file: String) -> Result<ClusterConfig, ConfigError> {
        Result { () throws(ConfigError) in try ClusterConfig.load(file: file) }
    }

    private static func finding(_ result: Result<ClusterConfig, ConfigError>, _ file: String) -> FirstMinutes.Finding {
        switch result {
        case .success: return .fine
        case .failure(let error):
            if access(file, F_OK) != 0, errno == ENOENT, ClusterConfig.linkTarget(of: file) == nil { return .missing }
            // What can't be read is one of the problems.
            return .broken(error.problems, text: (try? ClusterConfig.readBytes(of: file)) ?? [])
        }
    }

    /// - Returns: why it could not be written; nil when it was.
    private static func write(_ text: String, to file: String) -> String? {
        func problem(_ what: String) -> String { "can't \(what) \(file): \(String(cString: strerror(errno)))" }
        // Whatever is there by now is somebody's: it is not replaced.
        let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { return problem("create") }
        defer { close(descriptor) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let why = problem("write")
                // A part of it would look like a broken config.
                unlink(file)
                return why
            }
            bytes = bytes.dropFirst(count)
        }
        return nil
    }
}
