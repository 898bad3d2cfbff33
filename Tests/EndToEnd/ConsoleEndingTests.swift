import Glibc
import Server
import Testing

extension EndToEndSuite {
    /// Item 7: whatever is done to the console, the terminal is as it was afterwards, and nothing crashes it.
    @Suite struct ConsoleEndingTests {
        /// The signal, and what the shell makes of it.
        @Test(arguments: [(SIGTERM, 143), (SIGINT, 130), (SIGHUP, 129), (SIGSEGV, 139), (SIGILL, 132), (SIGTRAP, 133)])
        func signalLeavesTheTerminalAsItWas(signal: Int32, exit: Int) async throws {
            let console = try await EmbeddedConsole.open(width: 80, height: 24)
            let pid = try await console.terminal.pid()
            kill(pid, signal)
            #expect(try await console.terminal.waitForExit() == exit)
            #expect(console.terminal.settingsAfter == console.terminal.settingsBefore)
            #expect(try await console.terminal.isNormalScreen())
        }

        /// The nodes inside stop when the terminal has its signals back; one that writes to a socket whose other end has gone must
        /// not take the others along.
        @Test func aBrokenPipeDoesNotEndItWhileItsNodesStop() async throws {
            let console = try await EmbeddedConsole.open(width: 80, height: 24)
            let pid = try await console.terminal.pid()
            try await console.terminal.press("q")
            try await console.wait(for: "question before leaving") { $0.text.contains("run inside this console") }
            try await console.terminal.press("Right", "Enter")
            // Until it has gone, as often as it takes.
            let end = ContinuousClock.now + Poll.patience
            while kill(pid, SIGPIPE) == 0, ContinuousClock.now < end { await Task.yield() }
            #expect(try await console.terminal.waitForExit() == 0)
        }

        @Test func consoleEndsWithItsTerminal() async throws {
            let console = try await EmbeddedConsole.open(width: 80, height: 24)
            let pid = try await console.terminal.pid()
            try await console.terminal.end()
            let isGone = try await Poll.until { kill(pid, 0) != 0 && errno == ESRCH }
            #expect(isGone, "process \(pid) still runs without a terminal")
        }

        @Test func randomKeysAndSizesCrashNothing() async throws {
            let seed = getenv("SHOAL_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 0...999_999)
            let (keyCount, resizeCount) = isLong ? (1000, 100) : (200, 20)
            print("random keys and sizes: SHOAL_SEED=\(seed), \(keyCount) keys, \(resizeCount) sizes")
            var random = SeededRandom(seed)
            var console = try await EmbeddedConsole.open(width: 120, height: 40)
            let config = console.cluster.configFile
            for key in 0..<20 {
                #expect(try await ShoalBinary.run("put", "key\(key)", "value", config: config).exit == .code(0))
            }
            var done = 0
            for _ in 0..<resizeCount {
                try await console.terminal.resize(width: random.next(in: 1...220), height: random.next(in: 1...70))
                for _ in 0..<(keyCount / resizeCount) {
                    try await console.terminal.press(Self.keys[random.next(in: 0...(Self.keys.count - 1))])
                    done += 1
                }
                guard let exit = console.terminal.exit else { continue }
                // A way to `quit` and its confirmation was found by completion: that is no crash.
                try #require(exit == 0, "seed \(seed): ended with \(exit) after \(done) keys")
                console = try await EmbeddedConsole.open(width: 120, height: 40, on: console.cluster)
            }
            try await console.terminal.resize(width: 120, height: 40)
            // One key at a time: an Escape with something right behind it is Alt and that key. Whatever was open closes
            // in some rounds, then `?` shows the help.
            let answers = try await Poll.until(every: .milliseconds(200)) {
                if try await console.screen().text.contains("Keys and commands") { return true }
                try await console.terminal.press("Escape")
                // The time by which a terminal tells the key Escape from the start of a sequence.
                try await Task.sleep(for: .milliseconds(200))
                try await console.terminal.press("?")
                return false
            }
            let last = try await console.screen().text
            #expect(answers, "seed \(seed): no help:\n\(last)")
            let started = try await ShoalBinary.run("start", "shard0", "shard1", config: config)
            #expect(started.exit == .code(0), "seed \(seed): \(started.errors)")
            let scanned = try await ShoalBinary.run("scan", config: config)
            #expect(scanned.text.split(separator: "\n").count == 20, "seed \(seed): keys were lost")
            kill(try await console.terminal.pid(), SIGTERM)
            #expect(try await console.terminal.waitForExit() == 143)
        }

        /// All that have a meaning and some that have none; `q` and Ctrl-C would only end the test early.
        private static let keys: [[String]] =
            "abcdefghijklmnoprstuvwxyzGIRy<>/:?+-123 é漢".map { ["-l", String($0)] }
            + [
                "Up", "Down", "Left", "Right", "Enter", "Escape", "Tab", "BTab", "PPage", "NPage", "Home", "End",
                "BSpace", "DC", "IC", "F1", "F12", "C-l", "C-a", "C-e", "C-u", "C-w", "M-x",
            ].map { [$0] }
    }
}

/// SplitMix64: the same keys for the same seed, on every machine.
struct SeededRandom {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next(in range: ClosedRange<Int>) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        mixed ^= mixed >> 31
        return range.lowerBound + Int(mixed % UInt64(range.count))
    }
}
