import Glibc
import Testing

extension EndToEndSuite {
    /// Issue 5, "Everywhere": the console in terminals of all kinds, with a mouse, and what it remembers.
    @Suite struct ConsoleTerminalsTests {
        /// A console in a terminal of this kind, on nodes that don't run, which is all that most tests need.
        /// - Parameter runs: whether they do: then all is well, and the line with the theme is shown.
        private func open(
            width: Int = 80,
            height: Int = 24,
            _ environment: [String: String] = [:],
            arguments: [String] = [],
            state: String? = nil,
            awaitsDashboard: Bool = true,
            runs: Bool = false
        ) async throws -> QuietConsole {
            let cluster = try TestCluster([["lmdb"]])
            if runs { try await cluster.start() }
            var environment = environment
            if let state { environment["XDG_STATE_HOME"] = state }
            // tmux sets TERM itself, so that it is set behind it.
            let variables = environment.map { "\($0.key)=\($0.value)" }
            let command = ["env"] + variables
            let terminal = try await TmuxSession(
                width: width,
                height: height,
                command: command + [ShoalBinary.path, "console", "--config-file", cluster.configFile] + arguments
            )
            if awaitsDashboard { try await terminal.wait(for: "dashboard") { Self.text($0).contains("shard0") } }
            return QuietConsole(cluster: cluster, terminal: terminal)
        }

        /// One object, so that the cluster, whose folder goes with it, lives as long as its terminal is used.
        private final class QuietConsole {
            let cluster: TestCluster
            let terminal: TmuxSession

            init(cluster: TestCluster, terminal: TmuxSession) {
                self.cluster = cluster
                self.terminal = terminal
            }

            var address: String { "\(cluster.leaders[0].address)" }
        }

        private static func text(_ lines: [String]) -> String { lines.joined(separator: "\n") }

        private func command(_ line: String, _ terminal: TmuxSession) async throws {
            try await terminal.type(":\(line)")
            try await terminal.press("Enter")
        }

        private func quit(_ terminal: TmuxSession) async throws {
            try await terminal.press("q")
            #expect(try await terminal.waitForExit() == 0)
            #expect(terminal.settingsAfter == terminal.settingsBefore)
            #expect(try await terminal.isNormalScreen())
        }

        @Test(arguments: [
            (["TERM": "linux"], false), (["TERM": "vt100"], false), (["TERM": "screen"], false),
            (["TERM": "xterm-256color"], false), (["LC_ALL": "C", "LANG": "C"], true),
            (["LC_ALL": "", "LANG": "C"], true),
            (["LC_ALL": "", "LANG": "C.UTF-8"], false), (["NO_COLOR": "1"], false),
            (["TERM": "vt100", "LC_ALL": "C"], true),
        ])
        func everyTerminalShowsTheDashboard(environment: [String: String], isASCII: Bool) async throws {
            let console = try await open(environment)
            let screen = try await console.terminal.wait(for: "frame") { Self.text($0).contains("q quit") }
            #expect(screen[0].hasPrefix(isASCII ? "+- " : "┌─ "), "\(Self.text(screen))")
            #expect(isASCII == Self.text(screen).utf8.allSatisfy { $0 < 0x80 }, "\(Self.text(screen))")
            // Every line of the frame is as long as the screen: nothing has shifted.
            #expect(screen[..<24].allSatisfy { $0.count == 80 }, "\(Self.text(screen))")
            // The kernel's fonts have no braille.
            let hasBraille = Self.text(screen).unicodeScalars.contains { (0x2800...0x28ff).contains($0.value) }
            if environment["TERM"] == "linux" { #expect(!hasBraille) }
            // y copies only where the terminal takes text.
            let copies = !["linux", "vt100"].contains(environment["TERM"])
            try await console.terminal.press("y")
            try await command("copy", console.terminal)
            try await console.terminal.wait(for: "word about copying") {
                Self.text($0).contains(copies ? "(sent to " : "no command \"copy\"")
            }
            try await quit(console.terminal)
        }

        @Test(arguments: ["dumb", "nonsense"])
        func aTerminalThatCannotIsToldWhatToDo(name: String) async throws {
            let console = try await open(["TERM": name], awaitsDashboard: false)
            #expect(try await console.terminal.waitForExit() == 1)
            let text = try await console.terminal.screen().joined()
            #expect(text.contains("TERM='\(name)'") && text.contains("--once") && text.contains("--plain"), "\(text)")
        }

        @Test func itShrinksToNothingAndComesBack() async throws {
            let console = try await open(width: 40, height: 10)
            try await console.terminal.wait(for: "small frame") { $0[0].count == 40 && $0[9].contains("q quit") }
            for (width, height) in [(20, 5), (1, 1), (39, 10), (1, 40), (200, 1)] {
                try await console.terminal.resize(width: width, height: height)
                try await console.terminal.wait(for: "\(width)x\(height)") {
                    width < 10 || Self.text($0).contains("terminal too small")
                }
            }
            for (width, height) in [(80, 24), (40, 10)] {
                try await console.terminal.resize(width: width, height: height)
                // Before the console has drawn, tmux shows what is left of the old frame.
                try await console.terminal.wait(for: "frame of \(width)x\(height)") { lines in
                    lines.count >= height && lines[0].count == width && lines[0].hasSuffix("─┐")
                        && lines[height - 1].contains("q quit") && Self.text(lines).contains("shard0")
                }
            }
            try await quit(console.terminal)
        }

        @Test(arguments: [("screen", false), ("xterm-256color", true)])
        func theMouseSelectsOpensAndScrolls(name: String, isModern: Bool) async throws {
            let console = try await open(["TERM": name])
            let address = console.address
            #expect(try await !console.terminal.hasMouse())
            try await command("mouse on", console.terminal)
            try await console.terminal.wait(for: "mouse") { $0[23].contains("the mouse is on") }
            #expect(try await console.terminal.hasMouse())
            let screen = try await console.terminal.screen()
            let y = try #require(screen.firstIndex { $0.contains("└ \(address)") })
            try await console.terminal.mouse(0, x: 10, y: y, isModern: isModern)
            try await console.terminal.wait(for: "selection") { $0[y].hasPrefix("│▶ └ \(address)") }
            try await console.terminal.mouse(64, x: 10, y: y, isModern: isModern)
            try await console.terminal.wait(for: "selection after the wheel") { $0[y].hasPrefix("│  └ \(address)") }
            try await console.terminal.mouse(0, x: 10, y: y, isModern: isModern)
            try await console.terminal.wait(for: "selection") { $0[y].hasPrefix("│▶ └ \(address)") }
            try await console.terminal.mouse(0, x: 10, y: y, isModern: isModern)
            try await console.terminal.wait(for: "node") { Self.text($0).contains("› \(address)") }
            // Reports that make no sense are no keys: the view stays.
            try await console.terminal.mouse(0, x: 222, y: 222, isModern: isModern)
            try await console.terminal.mouse(200, x: 5, y: 5, isModern: isModern)
            try await console.terminal.press("Escape")
            try await console.terminal.wait(for: "dashboard") { Self.text($0).contains("Shards and nodes") }
            try await command("mouse off", console.terminal)
            try await console.terminal.wait(for: "no mouse") { $0[23].contains("the mouse is off") }
            #expect(try await !console.terminal.hasMouse())
            try await quit(console.terminal)
        }

        @Test func aTerminalWithoutAMouseIsToldSo() async throws {
            let console = try await open(["TERM": "vt100"])
            try await command("mouse on", console.terminal)
            try await console.terminal.wait(for: "refusal") {
                $0[23].contains("this terminal has no mouse (TERM=vt100)")
            }
            #expect(try await !console.terminal.hasMouse())
            try await quit(console.terminal)
        }

        /// The signal, and what the shell makes of it; 0: `q`.
        @Test(arguments: [(0, 0), (SIGTERM, 143), (SIGHUP, 129), (SIGSEGV, 139), (SIGTRAP, 133), (SIGABRT, 134)])
        func theMouseIsGivenBackOnEveryWayOut(signal: Int32, exit: Int) async throws {
            let console = try await open()
            try await command("mouse on", console.terminal)
            try await console.terminal.wait(for: "mouse") { $0[23].contains("the mouse is on") }
            #expect(try await console.terminal.hasMouse())
            let pid = try await console.terminal.pid()
            if signal == 0 { try await console.terminal.press("q") } else { kill(pid, signal) }
            #expect(try await console.terminal.waitForExit() == exit)
            #expect(try await !console.terminal.hasMouse())
            #expect(console.terminal.settingsAfter == console.terminal.settingsBefore)
            #expect(try await console.terminal.isNormalScreen())
        }

        /// As a shell with jobs does it: stopped, the terminal is the shell's, and afterwards everything is back.
        @Test func aStopGivesTheTerminalBackAndGoingOnTakesItAgain() async throws {
            let cluster = try TestCluster([["lmdb"]])
            let script = """
                set -m
                sh -c 'echo $$ > console.pid; exec "$@"' sh "$@"
                echo > stopped
                until [ -e go ]; do sleep 0.05; done
                fg > /dev/null
                """
            let console = [ShoalBinary.path, "console", "--config-file", cluster.configFile]
            let terminal = try await TmuxSession(
                width: 80,
                height: 24,
                command: ["env", "COLORTERM=truecolor", "TERM=xterm-256color", "bash", "-c", script, "bash"] + console
            )
            try await terminal.wait(for: "dashboard") { Self.text($0).contains("shard0") }
            try await command("mouse on", terminal)
            try await terminal.wait(for: "mouse") { $0[23].contains("the mouse is on") }
            let bytes = TestFolder.read("\(terminal.folder.path)/console.pid")
            let pid = try #require(pid_t(String(decoding: bytes.dropLast(), as: UTF8.self)))
            kill(pid, SIGTSTP)
            let isStopped = try await Poll.until { access("\(terminal.folder.path)/stopped", F_OK) == 0 }
            #expect(isStopped)
            #expect(try await !terminal.hasMouse())
            #expect(try await terminal.isNormalScreen())
            _ = try terminal.folder.write("", to: "go")
            try await terminal.wait(for: "whole frame") { $0[0].hasPrefix("┌─") && $0[23].hasPrefix("└─") }
            #expect(try await terminal.hasMouse())
            try await quit(terminal)
            withExtendedLifetime(cluster) {}
        }

        @Test func theClipboardGetsWhatIsSelected() async throws {
            let console = try await open()
            try await console.terminal.set("set-clipboard", "on")
            let address = console.address
            try await console.terminal.press("Down", "Down", "y")
            try await console.terminal.wait(for: "notice") { $0[23].contains("copied \(address) (sent to tmux") }
            #expect(try await console.terminal.clipboard() == address)
            try await quit(console.terminal)
        }

        @Test func theBackgroundDecidesAndAnswersAreNoKeys() async throws {
            let console = try await open(runs: true)
            // tmux tells a background only if it has one; the first console found none, and is dark.
            try await console.terminal.wait(for: "dark theme") { Self.text($0).contains("theme dark") }
            try await quit(console.terminal)
            let cluster = try TestCluster([["lmdb"]])
            try await cluster.start()
            let light = try await openOnLight(cluster)
            // No part of an answer was taken for a key: nothing has moved, and no notice stands in the hints' place.
            try await light.wait(for: "light theme and hints") {
                Self.text($0).contains("theme light") && $0[23].contains("q quit") && $0[5].contains("▶ cluster")
            }
            // What comes behind the last answer, or never, does not hold Escape back.
            try await light.press("?")
            try await light.wait(for: "help") { Self.text($0).contains("Keys and commands") }
            try await light.press("Escape")
            try await light.wait(for: "dashboard") { !Self.text($0).contains("Keys and commands") }
            try await light.press("q")
            #expect(try await light.waitForExit() == 0)
            withExtendedLifetime(cluster) {}
        }

        /// A terminal with a background, which the console finds when it begins.
        private func openOnLight(_ cluster: TestCluster) async throws -> TmuxSession {
            let terminal = try await TmuxSession(
                width: 80,
                height: 24,
                command: [
                    "sh", "-c", "until [ -e go ]; do sleep 0.05; done; exec \"$@\"", "sh", ShoalBinary.path, "console",
                    "--config-file", cluster.configFile,
                ]
            )
            try await terminal.set("window-style", "bg=#fdf6e3,fg=#000000")
            _ = try terminal.folder.write("", to: "go")
            return terminal
        }

        @Test func settingsAreRememberedAndBrokenOnesAreNoHarm() async throws {
            let folder = try TestFolder()
            let state = "\(folder.path)/state"
            let file = "\(state)/shoal/console.settings"
            var console = try await open(state: state)
            for line in ["theme light", "sort keys", "mouse on", "put user:1 secret"] {
                try await command(line, console.terminal)
            }
            try await quit(console.terminal)
            let written = String(decoding: TestFolder.read(file), as: UTF8.self)
            #expect(written.contains("theme light\nsort keys\n") && written.contains("history put user:1\n"))
            #expect(!written.contains("secret"))
            console = try await open(state: state, runs: true)
            try await console.terminal.wait(for: "theme and sort") {
                Self.text($0).contains("theme light") && Self.text($0).contains("by keys")
            }
            #expect(try await console.terminal.hasMouse())
            try await console.terminal.press(":", "Up")
            try await console.terminal.wait(for: "history") { $0[23].contains(":put user:1") }
            try await console.terminal.press("Escape")
            try await quit(console.terminal)
            // An option of the command line wins, and is not remembered.
            console = try await open(arguments: ["--theme", "mono"], state: state, runs: true)
            try await console.terminal.wait(for: "theme") { Self.text($0).contains("theme mono") }
            try await quit(console.terminal)
            #expect(String(decoding: TestFolder.read(file), as: UTF8.self) == written)
            // A broken file: one notice, and defaults.
            try TestFolder.overwrite(file, at: 0, with: [0xff, 0x00, 0xfe])
            console = try await open(state: state, runs: true)
            try await console.terminal.wait(for: "notice") { lines in
                lines[23].contains("this is no text") || lines[23].contains("…")
            }
            try await console.terminal.wait(for: "theme") { Self.text($0).contains("theme dark") }
            try await quit(console.terminal)
            withExtendedLifetime(folder) {}
        }

        @Test func aHomeThatCannotBeWrittenIsOneNotice() async throws {
            let folder = try TestFolder()
            let file = try folder.write("", to: "file")
            let console = try await open(width: 160, state: "\(file)/state")
            try await console.terminal.wait(for: "notice") { $0[23].contains("no settings and no log are kept") }
            try await console.terminal.press("t")
            try await console.terminal.wait(for: "theme") { $0[23].contains("theme ") }
            try await quit(console.terminal)
            withExtendedLifetime(folder) {}
        }
    }
}
