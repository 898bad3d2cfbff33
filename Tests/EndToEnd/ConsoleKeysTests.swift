import Glibc
import Routing
import Server
import Testing

extension EndToEndSuite {
    /// Keys, values and figures of nodes that run by themselves, written by others while somebody looks.
    @Suite struct ConsoleKeysTests {
        /// More than one page of what the console asks for at once, of each shard.
        private static let keys = 900

        private func command(_ line: String, _ console: EmbeddedConsole) async throws {
            try await console.terminal.type(":\(line)")
            try await console.terminal.press("Enter")
        }

        private func client(of cluster: TestCluster) throws -> ClusterClient {
            try ClusterClient(config: ClusterConfig.load(file: cluster.configFile))
        }

        private func cluster() async throws -> TestCluster {
            let cluster = try TestCluster([["lmdb"], ["rocksdb"]])
            try await cluster.start()
            let nodes = try client(of: cluster)
            for index in 0..<Self.keys {
                try await nodes.put(Array("key:\(index)".utf8), value: Array("\(index)".utf8))
            }
            try await nodes.put(Array("other\u{1}".utf8), value: Array("value".utf8))
            await nodes.close()
            return cluster
        }

        @Test func keysOfAllShardsAreListedAndChanged() async throws {
            let cluster = try await cluster()
            let nodes = try client(of: cluster)
            let console = try await EmbeddedConsole.attach(to: cluster)
            try await console.terminal.press("5")
            try await console.wait(for: "first page") { $0.text.contains("200 keys and more") }
            // The end is asked for page by page, and comes to every key.
            let isWhole = try await Poll.until {
                try await console.terminal.press("End")
                return try await console.screen().text.contains(" \(Self.keys + 1) keys ")
            }
            #expect(isWhole)
            // A prefix, of a key that can't be typed as it is.
            try await command(#"scan other\x01"#, console)
            try await console.wait(for: "one key") { $0.text.contains(" 1 key ") && $0.text.contains(#"▶other\x01"#) }
            try await console.terminal.press("Enter")
            try await console.wait(for: "its value") { $0.text.contains("never expires") && $0.text.contains("value") }
            // Somebody else writes it while its value is changed here.
            try await console.terminal.press("e")
            try await console.wait(for: "line to change") { String($0.lines[23]).contains("value value") }
            try await nodes.put(Array("other\u{1}".utf8), value: Array("theirs".utf8))
            try await console.terminal.type("x")
            try await console.terminal.press("Enter")
            try await console.wait(for: "refusal") { String($0.lines[23]).contains("the value has changed meanwhile") }
            #expect(try await nodes.get(Array("other\u{1}".utf8)) == Array("theirs".utf8))
            try await console.terminal.press("r")
            try await console.wait(for: "their value") { $0.text.contains("theirs") }
            try await console.terminal.press("e")
            try await console.wait(for: "line to change") { String($0.lines[23]).contains("value theirs") }
            try await console.terminal.type("!")
            try await console.terminal.press("Enter")
            try await console.wait(for: "word of it") { String($0.lines[23]).contains(#"wrote other\x01"#) }
            #expect(try await nodes.get(Array("other\u{1}".utf8)) == Array("theirs!".utf8))
            try await console.terminal.press("u")
            try await console.terminal.type("500")
            try await console.terminal.press("Enter")
            try await console.wait(for: "time to live") { $0.text.contains("expires in 8m") }
            try await delete(console, nodes)
            await nodes.close()
            try await console.terminal.press("q")
            #expect(try await console.terminal.waitForExit() == 0)
            try await cluster.signalAll(SIGTERM)
        }

        private func delete(_ console: EmbeddedConsole, _ nodes: ClusterClient) async throws {
            let key = Array("other\u{1}".utf8)
            try await console.terminal.press("d")
            try await console.wait(for: "question") { $0.text.contains("Type its name") }
            try await console.terminal.press("Right", "Tab", "Enter")
            try await console.wait(for: "no question") { !$0.text.contains("Type its name") }
            #expect(try await nodes.get(key) != nil)
            try await console.terminal.press("d")
            try await console.wait(for: "question") { $0.text.contains("Type its name") }
            try await console.terminal.type(#"other\x01"#)
            try await console.terminal.press("Enter")
            try await console.wait(for: "word of it") { String($0.lines[23]).contains(#"deleted other\x01"#) }
            #expect(try await nodes.get(key) == nil)
        }

        /// A leader that hangs takes its own keys and figures away, says so, and brings them back.
        @Test func aNodeThatHangsCostsItsOwnKeysAndDetails() async throws {
            let cluster = try await cluster()
            let hanging = cluster.members[1]
            let console = try await EmbeddedConsole.attach(to: cluster)
            try await command("node \(hanging.address)", console)
            try await console.wait(for: "figures") { $0.text.contains("connections") && $0.text.contains("memory") }
            hanging.process?.signal(SIGSTOP)
            try await console.wait(for: "why there are none") { screen in
                screen.text.contains("did not answer") && !screen.text.contains("memory")
            }
            try await console.terminal.press("5", "r")
            let screen = try await console.wait(for: "keys of the other shard") { $0.text.contains("without shard1: ") }
            #expect(screen.text.contains("key:"))
            try await command("get key:0", console)
            hanging.process?.signal(SIGCONT)
            try await console.terminal.press("Escape")
            // Once it leads again, which it does not at once.
            let isBack = try await Poll.until {
                try await console.terminal.press("r")
                let screen = try await console.wait(for: "list") { $0.text.contains("200 keys and more") }
                return !screen.text.contains("without shard1")
            }
            #expect(isBack)
            try await command("node \(hanging.address)", console)
            try await console.wait(for: "figures again") {
                $0.text.contains("connections") && $0.text.contains("memory")
            }
            try await console.terminal.press("q")
            #expect(try await console.terminal.waitForExit() == 0)
            try await cluster.signalAll(SIGTERM)
        }
    }
}
