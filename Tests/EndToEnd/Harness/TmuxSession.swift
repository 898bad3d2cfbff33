import Glibc
import Synchronization

/// A program in a real terminal: a tmux server of its own with one pane, which ends with the test.
final class TmuxSession {
    let folder: TestFolder
    private let socket: String
    private var hasEnded = false

    private static let made = Mutex(0)

    /// tmux without what the machine the tests run on says about colours: CI sets NO_COLOR, which leaves no theme but one.
    private static let tmux = ["env", "-u", "NO_COLOR", "-u", "COLORFGBG", "-u", "COLORTERM", "tmux"]

    /// Runs `command` (a shell command line) in a terminal of this size. The pane outlives it, so that what it left
    /// behind can be looked at: `pid`, `exit`, `settingsBefore` and `settingsAfter` tell of it.
    init(width: Int, height: Int, command: [String], environment: [String: String] = [:]) async throws {
        folder = try TestFolder()
        let number = Self.made.withLock { made in
            made += 1
            return made
        }
        socket = "shoal-e2e-\(getpid())-\(number)"
        let script = """
            cd '\(folder.path)'
            stty -a > before
            sh -c 'echo $$ > pid; exec "$@"' sh \(command.map(Self.quoted).joined(separator: " "))
            echo $? > exit
            stty -a > after.new
            mv after.new after
            exec tail -f /dev/null
            """
        _ = try folder.write(script, to: "run.sh")
        var words = ["new-session", "-d", "-x", "\(width)", "-y", "\(height)"]
        let variables = ["LC_ALL": "C.UTF-8", "XDG_STATE_HOME": "\(folder.path)/state"].merging(environment) { $1 }
        for (name, value) in variables { words += ["-e", "\(name)=\(value)"] }
        words += ["sh", "\(folder.path)/run.sh", ";", "set", "-g", "status", "off"]
        _ = try await tmux(words)
        try await resize(width: width, height: height)
    }

    deinit {
        guard !hasEnded else { return }
        _ = try? ChildProcess.start(Self.tmux + ["-L", socket, "kill-server"], output: "/dev/null").waitBlocking()
    }

    private static func quoted(_ word: String) -> String {
        "'" + word.split(separator: "'").joined(separator: "'\\''") + "'"
    }

    @discardableResult private func tmux(_ words: [String]) async throws -> String {
        let ran = try await ChildProcess.run(Self.tmux + ["-u", "-L", socket, "-f", "/dev/null"] + words)
        guard ran.exit == .code(0) else { throw TestFailure("tmux \(words): \(ran.errors)") }
        return ran.text
    }

    /// Presses keys by tmux's names: `Enter`, `Escape`, `Up`, `C-l`, `x`.
    func press(_ keys: String...) async throws { try await press(keys) }

    func press(_ keys: [String]) async throws { try await tmux(["send-keys"] + keys) }

    /// Types text as it is.
    func type(_ text: String) async throws { try await tmux(["send-keys", "-l", "--", text]) }

    /// Sends bytes as the terminal would: what no key of tmux stands for.
    func send(_ bytes: [UInt8]) async throws {
        try await tmux(["send-keys", "-H"] + bytes.map { String($0, radix: 16) })
    }

    /// A press and its release, or with 64 and 65 a notch of the wheel, at a cell counted from 0: as xterm has reported
    /// it ever since, or with `isModern` in numbers (SGR).
    func mouse(_ button: Int, x: Int, y: Int, isModern: Bool = false) async throws {
        if isModern {
            try await send(Array("\u{1b}[<\(button);\(x + 1);\(y + 1)M".utf8))
            if button < 64 { try await send(Array("\u{1b}[<\(button);\(x + 1);\(y + 1)m".utf8)) }
            return
        }
        for code in button < 64 ? [button, 3] : [button] {
            let bytes = [code + 32, x + 33, y + 33].map { UInt8(clamping: $0) }
            try await send([0x1b, 0x5b, 0x4d] + bytes)
        }
    }

    /// Whether the program has the mouse.
    func hasMouse() async throws -> Bool { try await tmux(["display-message", "-p", "#{mouse_any_flag}"]) == "1\n" }

    /// What the program has put on the clipboard, once tmux takes it.
    func clipboard() async throws -> String { try await tmux(["show-buffer"]) }

    /// An option of tmux.
    func set(_ option: String, _ value: String) async throws { try await tmux(["set", "-g", option, value]) }

    func resize(width: Int, height: Int) async throws {
        try await tmux(["resize-window", "-x", "\(width)", "-y", "\(height)"])
    }

    /// What the terminal shows, line by line.
    func screen() async throws -> [String] {
        try await tmux(["capture-pane", "-p"]).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// The first screen that is as wanted; fails with the last one when the deadline has passed.
    @discardableResult func wait(
        for what: String,
        within limit: Duration = Poll.patience,
        _ isAsWanted: ([String]) -> Bool
    ) async throws -> [String] {
        var last: [String] = []
        let isThere = try await Poll.until(within: limit) {
            last = try await screen()
            return isAsWanted(last)
        }
        guard isThere else { throw TestFailure("no \(what) within \(limit):\n\(last.joined(separator: "\n"))") }
        return last
    }

    /// Whether the pane is on the normal screen with a visible cursor, as a shell needs it.
    func isNormalScreen() async throws -> Bool {
        try await tmux(["display-message", "-p", "#{alternate_on} #{cursor_flag}"]) == "0 1\n"
    }

    /// The program's process.
    func pid() async throws -> pid_t {
        var found: pid_t?
        _ = try await Poll.until {
            found = text("pid").flatMap { pid_t($0) }
            return found != nil
        }
        guard let found else { throw TestFailure("the program did not start:\n\(try await screen())") }
        return found
    }

    /// The shell's view of how the program ended (128 + signal); nil while it runs.
    var exit: Int? { text("after") == nil ? nil : text("exit").flatMap { Int($0) } }

    func waitForExit(within limit: Duration = Poll.patience) async throws -> Int {
        guard try await Poll.until(within: limit, { exit != nil }), let exit else {
            throw TestFailure("the program still runs after \(limit):\n\(try await screen().joined(separator: "\n"))")
        }
        return exit
    }

    /// `stty -a` before the program, and after it.
    var settingsBefore: String? { text("before") }
    var settingsAfter: String? { text("after") }

    private func text(_ name: String) -> String? {
        let bytes = TestFolder.read("\(folder.path)/\(name)")
        guard bytes.last == UInt8(ascii: "\n") else { return nil }
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }

    /// Ends terminal and program.
    func end() async throws {
        hasEnded = true
        try await tmux(["kill-server"])
    }
}
