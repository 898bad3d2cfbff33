import Glibc
import Model
import Server
import Testing

extension EndToEndSuite {
    /// What somebody does who has the console before them for the first time, with nothing but its keys.
    @Suite struct ConsoleTourTests {
        @Test func theNodesRunInside() async throws {
            let console = try await EmbeddedConsole.open(width: 80, height: 24)
            try await tour(console)
            try await console.quit()
            #expect(console.terminal.settingsAfter == console.terminal.settingsBefore)
            #expect(try await console.terminal.isNormalScreen())
            // What it did last, and not what its nodes log.
            let left = try await console.screen().text
            #expect(
                left.contains("stopping \(console.cluster.members[0].address)") && !left.contains(" shoal: "),
                "\(left)"
            )
        }

        @Test func theNodesRunByThemselves() async throws {
            let cluster = try TestCluster([["lmdb", "lmdb"], ["rocksdb", "rocksdb"]])
            try await cluster.start()
            let console = try await EmbeddedConsole.attach(to: cluster)
            try await console.wait(for: "all nodes running") { $0.text.contains("4/4 nodes running") }
            try await tour(console)
            // Nothing runs inside, so nothing is asked.
            try await console.terminal.press("q")
            #expect(try await console.terminal.waitForExit() == 0)
            #expect(try await console.terminal.isNormalScreen())
            #expect(try await cluster.status().keys == 1, "the nodes go on without the console")
            try await cluster.signalAll(SIGTERM)
        }

        private func tour(_ console: EmbeddedConsole) async throws {
            try await writeAndSeeAKey(console)
            try await changeLeader(console)
            try await stopAndStart(console)
            try await console.terminal.press("t")
            try await console.wait(for: "next theme") { $0.text.contains("theme high-contrast") }
            try await console.terminal.press("?")
            try await console.wait(for: "help") { $0.text.contains("Keys and commands") }
            try await console.terminal.press("Escape")
            try await console.wait(for: "dashboard") { $0.row("shard0") != nil }
        }

        private func writeAndSeeAKey(_ console: EmbeddedConsole) async throws {
            try await console.terminal.type(":put greeting good morning")
            try await console.terminal.press("Enter")
            try await console.wait(for: "word that it is written") { $0.text.contains("wrote greeting") }
            try await console.wait(for: "count of it") { $0.text.contains(" 1 key ") }
            try await console.terminal.press("5")
            try await console.wait(for: "list of keys") { $0.text.contains("▶greeting") }
            try await console.terminal.press("Enter")
            try await console.wait(for: "its value") { $0.text.contains("│ good morning ") }
            try await console.terminal.press("Escape")
            try await console.wait(for: "list of keys again") { $0.text.contains("▶greeting") }
            try await console.terminal.press("1")
            try await console.wait(for: "dashboard") { $0.row("shard0") != nil }
        }

        /// The first row is the cluster, the second one its first shard.
        private func changeLeader(_ console: EmbeddedConsole) async throws {
            let (leader, replica) = (console.cluster.members[0], console.cluster.members[1])
            try await console.terminal.press("Down", "o")
            try await console.wait(for: "question before a switchover") {
                $0.text.contains("Change the leader of shard0 from \(leader.address) to")
            }
            try await console.terminal.press("Right", "Enter")
            try await console.wait(for: "other leader") { screen in
                String(screen.row("\(replica.address)") ?? []).contains("leader")
                    && String(screen.row("\(leader.address)") ?? []).contains("replica")
            }
        }

        private func stopAndStart(_ console: EmbeddedConsole) async throws {
            let nodes = console.cluster.members.filter { $0.shard == "shard0" }.map { "\($0.address)" }
            try await console.terminal.press("x")
            try await console.wait(for: "question before stopping") { $0.text.contains("Stop shard0 (2 nodes)") }
            try await console.terminal.press("Right", "Enter")
            try await console.wait(for: "shard that is stopped") { screen in
                nodes.allSatisfy { String(screen.row($0) ?? []).contains("stopped") }
            }
            try await console.terminal.press("s")
            try await console.wait(for: "shard that runs again") { $0.text.contains("4/4 nodes running") }
            try await console.wait(for: "its key, or the other shard's") { $0.text.contains(" 1 key ") }
        }
    }
}
