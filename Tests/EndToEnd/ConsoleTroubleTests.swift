import Glibc
import Model
import TestSupport
import Testing

extension EndToEndSuite {
    /// Nodes that hang, that are none, and that are slow: the console says which, and goes on as if they weren't there.
    @Suite struct ConsoleTroubleTests {
        /// How late the slow one is: longer than anyone waits for it.
        private static let delay: Int32 = 5_000
        /// A key is answered within a frame; this leaves a loaded machine and tmux all the time they may need.
        private static let patience: Duration = .seconds(1)

        @Test func itStaysSmoothAndSaysWhich() async throws {
            let junk = try FakeServer { _ in "SSH-2.0-OpenSSH_9.2\r\n\u{1b}[31mred\r\n" }
            defer { junk.close() }
            let slow = try FakeServer { _ in
                // The lateness itself, not a wait for anything.
                poll(nil, 0, Self.delay)
                return "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
            }
            defer { slow.close() }
            let cluster = try TestCluster([["lmdb", "lmdb"]])
            let file = try add(["junk": junk.address, "slow": slow.address], to: cluster)
            try await cluster.start()
            let hanging = cluster.members[1]
            hanging.process?.signal(SIGSTOP)
            let command = [ShoalBinary.path, "console", "--config-file", file]
            let terminal = try await TmuxSession(width: 100, height: 30, command: command)
            let screen = try await terminal.wait(for: "word on all three") { lines in
                let screen = ConsoleScreen(lines)
                return String(screen.row("\(hanging.address)") ?? []).contains("unreachable")
                    && String(screen.row("\(junk.address)") ?? []).contains("unreachable")
                    && String(screen.row("\(slow.address)") ?? []).contains("unreachable")
            }
            let rows = ConsoleScreen(screen)
            #expect(String(rows.row("\(cluster.members[0].address)") ?? []).contains("running"))
            #expect(String(rows.row("\(hanging.address)") ?? []).contains("did not answer"))
            #expect(String(rows.row("\(junk.address)") ?? []).contains("not HTTP"))
            #expect(String(rows.row("\(slow.address)") ?? []).contains("did not answer"))
            try await walk(terminal)
            try await terminal.press("q")
            #expect(try await terminal.waitForExit() == 0)
            hanging.process?.signal(SIGCONT)
            try await cluster.signalAll(SIGTERM)
        }

        /// Down the table and up again, over all that hangs; each key shows before the next is pressed.
        private func walk(_ terminal: TmuxSession) async throws {
            for key in ["Down", "Up"] {
                for _ in 0..<6 {
                    let before = selected(try await terminal.screen())
                    try await terminal.press(key)
                    try await terminal.wait(for: "row after \(key)", within: Self.patience) { selected($0) != before }
                }
            }
        }

        private func selected(_ lines: [String]) -> String? {
            lines.first { $0.hasPrefix("│▶") }.map { String($0.prefix(30)) }
        }

        /// A config with shards that are no Shoal at all; for the real nodes, too.
        private func add(_ shards: KeyValuePairs<String, NodeAddress>, to cluster: TestCluster) throws -> String {
            var text = String(decoding: TestFolder.read(cluster.configFile), as: UTF8.self)
            for (index, shard) in shards.enumerated() {
                text += "---\nShard:\n  Name: \(shard.key)\n  Index: \(index + 1)\n  Address: \(shard.value)\n"
            }
            let file = try cluster.folder.write(text, to: "trouble.yaml")
            for member in cluster.members { member.configFile = file }
            return file
        }
    }
}
