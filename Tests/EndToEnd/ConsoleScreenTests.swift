import Console
import Glibc
import Model
import Server
import Testing

extension EndToEndSuite {
    /// Item 7: the console in a real terminal, as someone sees it who sits before it.
    @Suite struct ConsoleScreenTests {
        @Test(arguments: [(80, 24), (120, 40), (200, 60)])
        func dashboardMovesWithTrafficAndAgreesWithStatus(width: Int, height: Int) async throws {
            let console = try await EmbeddedConsole.open(width: width, height: height)
            for member in console.cluster.members {
                let row = try #require(try await console.screen().row("\(member.address)"), "\(member.address)")
                #expect(String(row).contains(member.isReplica ? "replica" : "leader"))
                #expect(String(row).contains("running"))
            }
            let quiet = try await console.screen()
            let loads = isLong ? ["write", "read"] : ["write"]
            for kind in loads {
                let load = try console.load(
                    "--\(kind)s",
                    "100000000",
                    kind == "write" ? "--reads" : "--writes",
                    "0",
                    "--concurrency",
                    "4",
                    "--key-space",
                    "3000"
                )
                defer { load.signal(SIGKILL) }
                try await agree(on: kind, console)
                let first = try await console.screen()
                #expect(first.graphDots > quiet.graphDots, "the graph shows nothing:\n\(first.text)")
                try await console.wait(for: "graph that moves") { $0.graph != first.graph }
                load.signal(SIGTERM)
                _ = try await load.waitForExit()
            }
            try await countsAgree(console)
            try await stopAndStartShard(console)
            try await console.quit()
            #expect(console.terminal.settingsAfter == console.terminal.settingsBefore)
            #expect(try await console.terminal.isNormalScreen())
        }

        /// Each leader's figure on the screen is, to the digit, one that `shoal status --json` has told a moment ago or tells
        /// now: both look at windows of two seconds, but a full machine leaves time between the two looks.
        private func agree(on kind: String, _ console: EmbeddedConsole) async throws {
            let title = kind == "write" ? "WRITE/S" : "READ/S"
            for leader in console.cluster.leaders {
                var told: [String] = []
                var seen = ""
                let isSame = try await Poll.until {
                    let status = try await console.cluster.status()
                    let node = status.shards.flatMap(\.nodes).first { $0.address == "\(leader.address)" }
                    let rate = (kind == "write" ? node?.opsPerSecond.write : node?.opsPerSecond.read) ?? 0
                    let shown = try await console.screen().figure(title, of: "\(leader.address)")
                    if rate > 0 { told = told.suffix(9) + [NumberFormat.short(rate)] }
                    seen = "\(shown ?? "nothing") for \(told)"
                    return shown.map(told.contains) ?? false
                }
                #expect(isSame, "\(leader.address) shows \(seen) \(kind)s a second")
            }
        }

        private func countsAgree(_ console: EmbeddedConsole) async throws {
            let scanned = try await ShoalBinary.run("scan", config: console.cluster.configFile)
            let count = scanned.text.split(separator: "\n").count
            #expect(count > 1000, "the load wrote next to nothing")
            try await console.wait(for: "count of \(count) keys") { screen in
                screen.text.contains(" \(NumberFormat.full(count)) keys ")
                    && screen.figure("KEYS", of: "cluster e2e") == NumberFormat.full(count)
            }
            let status = try await console.cluster.status()
            #expect(status.keys == count)
            for node in status.shards.flatMap(\.nodes) {
                let shown = try await console.screen().figure("KEYS", of: node.address)
                #expect(shown == NumberFormat.full(node.keys), "\(node.address)")
            }
        }

        private func stopAndStartShard(_ console: EmbeddedConsole) async throws {
            let before = try await console.cluster.status().keys
            let nodes = console.cluster.members.filter { $0.shard == "shard0" }.map { "\($0.address)" }
            try await console.terminal.press("Down", "x")
            try await console.wait(for: "question before stopping") { $0.text.contains("Stop shard0 (2 nodes)") }
            try await console.terminal.press("Right")
            let confirmed = ContinuousClock.now
            try await console.terminal.press("Enter")
            try await console.wait(for: "shard that is stopped") { screen in
                nodes.allSatisfy { String(screen.row($0) ?? []).contains("stopped") }
            }
            let took = confirmed.duration(to: .now)
            print("shard0 showed as stopped \(took) after it was confirmed")
            #expect(took <= .seconds(1), "stopped after \(took)")
            let stopped = try await console.cluster.status().shards[0].nodes.map(\.state)
            #expect(stopped == [.stopped, .stopped])
            try await console.terminal.press("s")
            try await console.wait(for: "shard that runs again") { $0.text.contains("4/4 nodes running") }
            #expect(try await console.cluster.status().keys == before, "keys were lost")
        }

        @Test func idleConsoleTakesLessThanThreePercentOfACore() async throws {
            let console = try await EmbeddedConsole.open(width: 120, height: 40)
            let pid = try await console.terminal.pid()
            // What starting left to do is done once a second has passed without a tick more than the limit.
            let settled = try await Poll.until { try await Self.load(of: pid, over: .seconds(1)) < 0.03 }
            #expect(settled, "the console never comes to rest")
            let load = try await Self.load(of: pid, over: .seconds(isLong ? 30 : 5))
            print(
                "idle console with 4 embedded nodes: \(Int((load * 10_000).rounded())) hundredths of a percent of a core"
            )
            #expect(load < 0.03)
            try await console.quit()
        }

        /// The share of one core that a process uses, from /proc/PID/stat.
        private static func load(of pid: pid_t, over window: Duration) async throws -> Double {
            let clock = ContinuousClock()
            let (began, before) = (clock.now, try processorTicks(of: pid))
            // The window of a measurement, not a wait for anything.
            try await clock.sleep(for: window)
            let ticks = try processorTicks(of: pid) - before
            return Double(ticks) / Double(sysconf(Int32(_SC_CLK_TCK))) / (began.duration(to: clock.now) / .seconds(1))
        }

        private static func processorTicks(of pid: pid_t) throws -> Int {
            let line = String(decoding: TestFolder.read("/proc/\(pid)/stat"), as: UTF8.self)
            // Behind the name in parentheses, which may hold anything: state is the first field, times the 12th and 13th.
            let fields = (line.split(separator: ")").last ?? "").split(separator: " ")
            guard fields.count > 13, let user = Int(fields[11]), let system = Int(fields[12]) else {
                throw TestFailure("process \(pid) is gone")
            }
            return user + system
        }
    }
}
