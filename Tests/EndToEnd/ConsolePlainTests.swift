import Glibc
import TestSupport
import Testing

extension EndToEndSuite {
    /// The console of lines, through pipes and on a terminal that can do nothing.
    @Suite struct ConsolePlainTests {
        /// A pane that only scrolls: what is typed and what is said stand below each other.
        private func open(_ cluster: TestCluster, _ options: String...) async throws -> TmuxSession {
            let command = [ShoalBinary.path, "console", "--plain", "--config-file", cluster.configFile] + options
            return try await TmuxSession(
                width: 120,
                height: 50,
                command: command,
                environment: ["TERM": "dumb", "LC_ALL": "C"]
            )
        }

        private func say(_ line: String, _ terminal: TmuxSession) async throws {
            try await terminal.type(line)
            try await terminal.press("Enter")
        }

        @Test func aClusterIsRunWithWords() async throws {
            let cluster = try TestCluster([["lmdb", "lmdb"]])
            let replica = "\(cluster.members[1].address)"
            let terminal = try await open(cluster, "--start")
            try await terminal.wait(for: "both nodes") { $0.contains { $0.contains("2 of 2 nodes running") } }
            try await say("put user:1 Ada", terminal)
            try await terminal.wait(for: "word that it is written") { $0.contains { $0.contains("wrote user:1") } }
            try await say("get user:1", terminal)
            try await terminal.wait(for: "value") { $0.contains("Ada") }
            try await say("stop \(replica)", terminal)
            try await terminal.wait(for: "question") { $0.contains { $0.contains("Stop? Answer yes") } }
            try await say("yes", terminal)
            try await terminal.wait(for: "word that it stopped") { lines in
                lines.contains { $0.contains("1 of 2 nodes running") }
            }
            try await say("quit", terminal)
            try await terminal.wait(for: "question before leaving") { $0.contains { $0.contains("Quit? Answer yes") } }
            try await say("yes", terminal)
            #expect(try await terminal.waitForExit() == 0)
            let screen = try await terminal.screen()
            #expect(screen.allSatisfy { $0.utf8.allSatisfy { $0 < 0x80 } }, "ASCII where the locale is no other")
            #expect(terminal.settingsAfter == terminal.settingsBefore)
        }

        /// The end of the input is the end; what was asked for before it is done.
        @Test func aScriptIsEnough() async throws {
            let cluster = try TestCluster([["lmdb"]])
            try await cluster.start()
            let script = try cluster.folder.write("status\nhelp\n", to: "script")
            let words = "exec \(ShoalBinary.path) console --plain --config-file \(cluster.configFile) < \(script)"
            let ran = try await ChildProcess.run(["sh", "-c", words])
            #expect(ran.exit == .code(0), "\(ran.errors)")
            #expect(ran.text.contains("put [TEXT]: ") && !ran.text.contains("\u{1B}"))
            try await cluster.signalAll(SIGTERM)
        }

        private func run(_ script: String, _ cluster: TestCluster, _ options: String...) async throws
            -> ChildProcess.Finished
        {
            let file = try cluster.folder.write(script, to: "script")
            let words = ["console", "--plain", "--config-file", cluster.configFile] + options
            return try await ChildProcess.run(["sh", "-c", "exec \"$@\" < '\(file)'", "sh", ShoalBinary.path] + words)
        }

        /// The nodes run inside it; each line finds done what the ones before asked for, the last one included.
        @Test func aScriptIsDoneInItsOrder() async throws {
            let cluster = try TestCluster([["lmdb", "lmdb"]])
            let replica = "\(cluster.members[1].address)"
            let script = """
                put a 1
                get a
                put a 2
                get a
                get nobody
                del a
                a
                get a
                stop \(replica)
                yes
                start \(replica)
                scan
                put last word
                """
            let ran = try await run(script, cluster, "--start")
            #expect(ran.exit == .code(0), "\(ran.text)\(ran.errors)")
            let lines = ran.text.split(separator: "\n")
            let answers = lines.filter { line in
                line == "1" || line == "2" || line.hasPrefix("there is no key") || line == "no such keys"
                    || line.hasPrefix("wrote") || line.hasPrefix("deleted")
            }
            #expect(
                answers == [
                    "wrote a", "1", "wrote a", "2", "there is no key nobody", "deleted a", "there is no key a",
                    "no such keys", "wrote last",
                ],
                "\(ran.text)"
            )
            #expect(lines.contains { $0.contains("1 of 2 nodes running") }, "\(ran.text)")
            let again = try await run("get last", cluster, "--start")
            #expect(again.text.contains("\nword\n"), "\(again.text)")
        }

        /// Nothing is stored that was not sent, and what was not done is seen by whoever started the script.
        @Test func whatAScriptCannotDoIsItsExitCode() async throws {
            let cluster = try TestCluster([["lmdb"]])
            try await cluster.start()
            let long = "put long " + String(repeating: "x", count: 70_000)
            let ran = try await run("put a 1\n\(long)\nput b 2\n", cluster)
            #expect(ran.exit == .code(1), "\(ran.errors)")
            #expect(ran.text.contains("a line has at most 65,536 bytes") && ran.text.contains("wrote b"), "\(ran.text)")
            let looked = try await run("get long\nget a\nget b\n", cluster)
            #expect(looked.exit == .code(0) && looked.text.contains("there is no key long"), "\(looked.text)")
            for script in ["del a\nyes\n", "del a\n", "reshard", "stop nobody"] {
                let ran = try await run(script, cluster)
                #expect(ran.exit == .code(1), "\(script): \(ran.text)")
            }
            let kept = try await run("get a", cluster)
            #expect(kept.text.contains("a has 1 byte"), "\(kept.text)")
            try await cluster.signalAll(SIGKILL)
            let away = try await run("put a 2\n", cluster)
            #expect(away.exit == .code(1), "\(away.text)")
        }

        /// The config's leader hangs and another leads: what is asked is asked of that one.
        @Test func aLeaderThatHangsIsNotAskedForEver() async throws {
            let cluster = try TestCluster([["lmdb", "lmdb"]])
            try await cluster.start()
            try await cluster.waitUntilInSync()
            #expect(try await run("put a 1", cluster).exit == .code(0))
            try await cluster.members[0].process?.freeze()
            #expect(try await cluster.leader(of: 0) === cluster.members[1])
            let looked = try await run("get a\nput b 2\n", cluster)
            #expect(looked.exit == .code(0) && looked.text.contains("wrote b"), "\(looked.text)")
            // Which knows the config alone, and tries.
            let got = try await ShoalBinary.run("get", "a", config: cluster.configFile, within: .seconds(60))
            #expect(got.exit == .code(0) && got.text.hasPrefix("1"), "\(got.errors)")
            cluster.members[0].process?.signal(SIGCONT)
            try await cluster.signalAll(SIGTERM)
        }

        @Test func aSignalEndsItCleanly() async throws {
            let cluster = try TestCluster([["lmdb"]])
            let command = ["console", "--plain", "--start", "--config-file", cluster.configFile]
            let log = "\(cluster.folder.path)/plain.log"
            let shell = ["sh", "-c", "exec \"$@\" < /dev/zero", "sh", ShoalBinary.path] + command
            let process = try ChildProcess.start(shell, output: log)
            let runs = try await Poll.until {
                String(decoding: TestFolder.read(log), as: UTF8.self).contains("1 of 1 node running")
            }
            #expect(runs)
            process.signal(SIGTERM)
            #expect(try await process.waitForExit() == .signal(SIGTERM))
            #expect(
                String(decoding: TestFolder.read(log), as: UTF8.self).contains("stopping \(cluster.members[0].address)")
            )
        }

        @Test func framesAndDocumentsAreRepeated() async throws {
            let cluster = try TestCluster([["lmdb"]])
            try await cluster.start()
            for (options, mark) in [([], "nodes running"), (["--json"], "\"schema\"")] {
                let log = "\(cluster.folder.path)/watch\(options.count).log"
                let words = ["console", "--once", "--watch", "--config-file", cluster.configFile] + options
                let process = try ChildProcess.start([ShoalBinary.path] + words, output: log)
                let repeats = try await Poll.until {
                    String(decoding: TestFolder.read(log), as: UTF8.self).split(separator: mark).count > 3
                }
                #expect(repeats, "\(words)")
                process.signal(SIGINT)
                #expect(try await process.waitForExit() == .code(0))
                let text = String(decoding: TestFolder.read(log), as: UTF8.self)
                if mark != "nodes running" {
                    #expect(text.split(separator: "\n").allSatisfy { $0.hasPrefix("{") && $0.hasSuffix("}") })
                }
            }
            for words in [["--watch"], ["--plain", "--once"]] {
                let ran = try await ShoalBinary.run(["console"] + words, config: cluster.configFile)
                #expect(ran.exit == .code(2), "\(words): \(ran.errors)")
            }
            try await cluster.signalAll(SIGTERM)
        }
    }
}
