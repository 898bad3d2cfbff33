import FoundationEssentials
import Glibc
import Synchronization

/// A process that a test started; killed when the test lets go of it.
final class ChildProcess: Sendable {
    enum Exit: Hashable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    struct Finished: Sendable {
        var exit: Exit
        var output: [UInt8]
        var errors: String
        var text: String { String(decoding: output, as: UTF8.self) }
    }

    let pid: pid_t
    private let exit = Mutex<Exit?>(nil)

    private init(pid: pid_t) { self.pid = pid }

    deinit {
        guard exit.withLock({ $0 }) == nil else { return }
        kill(pid, SIGKILL)
        _ = waitBlocking()
    }

    /// Starts `command`, found through PATH; stdin is empty, stdout and stderr go to files.
    static func start(
        _ command: [String],
        output: String,
        errors: String? = nil,
        environment: [String: String] = [:]
    ) throws -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errors ?? output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        var words = command
        if !environment.isEmpty { words = ["env"] + environment.map { "\($0)=\($1)" } + words }
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        // As from a shell: a child of a thread that blocks or ignores signals would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid: pid_t = 0
        let failure = posix_spawnp(&pid, words[0], &actions, &attributes, &arguments, environ)
        guard failure == 0 else { throw TestFailure("can't start \(words[0]): \(String(cString: strerror(failure)))") }
        return ChildProcess(pid: pid)
    }

    /// Runs a command to its end.
    static func run(
        _ command: [String],
        within limit: Duration = Poll.patience,
        environment: [String: String] = [:]
    ) async throws -> Finished {
        let folder = try TestFolder()
        let output = "\(folder.path)/out"
        let errors = "\(folder.path)/err"
        let process = try start(command, output: output, errors: errors, environment: environment)
        let exit = try await process.waitForExit(within: limit)
        let text = String(decoding: TestFolder.read(errors), as: UTF8.self)
        return Finished(exit: exit, output: TestFolder.read(output), errors: text)
    }

    /// The output of a command that takes no time.
    static func runBlocking(_ command: [String]) throws -> String {
        let folder = try TestFolder()
        let process = try start(command, output: "\(folder.path)/out")
        guard process.waitBlocking() == .code(0) else { throw TestFailure("\(command) failed") }
        return String(decoding: TestFolder.read("\(folder.path)/out"), as: UTF8.self)
    }

    /// Sends SIGSTOP and waits until every thread stands still: the signal alone leaves them time to answer something.
    func freeze() async throws {
        signal(SIGSTOP)
        let tasks = "/proc/\(pid)/task"
        let stands = try await Poll.until {
            let threads = try FileManager.default.contentsOfDirectory(atPath: tasks)
            return !threads.isEmpty
                && threads.allSatisfy { thread in
                    let line = String(decoding: TestFolder.read("\(tasks)/\(thread)/stat"), as: UTF8.self)
                    // The state stands behind the name, which may have any characters but ends with the last parenthesis.
                    return line.split(separator: ")").last?.hasPrefix(" T") ?? false
                }
        }
        guard stands else { throw TestFailure("process \(pid) does not stop") }
    }

    func signal(_ number: Int32) {
        if ended == nil { kill(pid, number) }
    }

    /// nil while it runs.
    var ended: Exit? {
        exit.withLock { exit in
            if let exit { return exit }
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) == pid { exit = Self.exit(status) }
            return exit
        }
    }

    func waitForExit(within limit: Duration = Poll.patience) async throws -> Exit {
        guard try await Poll.until(within: limit, every: .milliseconds(3), { ended != nil }), let ended else {
            throw TestFailure("process \(pid) still runs after \(limit)")
        }
        return ended
    }

    @discardableResult func waitBlocking() -> Exit {
        exit.withLock { known in
            if let known { return known }
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            let exit = Self.exit(status)
            known = exit
            return exit
        }
    }

    private static func exit(_ status: Int32) -> Exit {
        status & 0x7f == 0 ? .code((status >> 8) & 0xff) : .signal(status & 0x7f)
    }
}

/// The binary under test: beside this test bundle, from the same build.
enum ShoalBinary {
    static let path: String = {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let executable = String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        return executable.prefix(upTo: executable.lastIndex(of: "/") ?? executable.startIndex) + "/shoal"
    }()

    static func run(
        _ arguments: String...,
        config: String? = nil,
        within limit: Duration = Poll.patience
    ) async throws -> ChildProcess.Finished {
        try await run(arguments, config: config, within: limit)
    }

    static func run(
        _ arguments: [String],
        config: String?,
        within limit: Duration = Poll.patience
    ) async throws -> ChildProcess.Finished {
        let file = config.map { ["--config-file", $0] } ?? []
        return try await ChildProcess.run([path] + arguments + file, within: limit)
    }
}
