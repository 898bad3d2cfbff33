import Glibc
import TestSupport
import Testing

extension EndToEndSuite {
    /// What somebody sees who has no config yet, or one with a mistake in it.
    @Suite struct ConsoleFirstMinutesTests {
        private func open(_ file: String, _ options: String...) async throws -> TmuxSession {
            let command = [ShoalBinary.path, "console", "--config-file", file] + options
            return try await TmuxSession(width: 80, height: 24, command: command)
        }

        @Test func aFirstConfigIsWrittenAndOpened() async throws {
            let folder = try TestFolder()
            let file = "\(folder.path)/new.yaml"
            let terminal = try await open(file)
            try await terminal.wait(for: "offer") { lines in
                lines.contains { $0.contains("There is no") } && lines.contains { $0.contains("write it and go on") }
            }
            #expect(access(file, F_OK) != 0, "nothing is written unasked")
            try await terminal.press("w")
            try await terminal.wait(for: "dashboard") { ConsoleScreen($0).row("shard0") != nil }
            #expect(TestFolder.read(file) == TestFolder.read("\(Self.repository)/config.yaml"))
            try await terminal.press("q")
            #expect(try await terminal.waitForExit() == 0)
        }

        /// From nothing at all to a cluster that runs, with its data where it was said.
        @Test func fromNothingToNodesThatRun() async throws {
            let folder = try TestFolder()
            // The example's own addresses may be in use here; a folder is not.
            let cluster = try TestCluster([["lmdb", "lmdb"]])
            let file = "\(folder.path)/new.yaml"
            let data = "\(folder.path)/data"
            let terminal = try await open(file, "--start", "--data-dir", data)
            try await terminal.wait(for: "offer") { $0.contains { $0.contains("write it and go on") } }
            // Somebody writes another one meanwhile: that one counts.
            _ = try folder.write(String(decoding: TestFolder.read(cluster.configFile), as: UTF8.self), to: "new.yaml")
            try await terminal.wait(for: "nodes that run, and the next step") { lines in
                lines.contains { $0.contains("2/2 nodes running") } && lines.contains { $0.contains(":put user:1 Ada") }
            }
            #expect(access(data, F_OK) == 0)
            try await terminal.type(":put user:1 Ada")
            try await terminal.press("Enter")
            try await terminal.wait(for: "key") { $0.contains { $0.contains(" 1 key ") } }
            try await terminal.press("q")
            try await terminal.wait(for: "question before leaving") {
                $0.contains { $0.contains("inside this console") }
            }
            try await terminal.press("Right", "Enter")
            #expect(try await terminal.waitForExit() == 0)
            // The hints of a later look lead to the same data.
            let later = try await open(file, "--data-dir", data, "--read-only")
            try await later.wait(for: "command with the folder") { lines in
                lines.joined().contains("--data-dir") && lines.joined().contains("No node of this cluster runs")
            }
            try await later.press("q")
            #expect(try await later.waitForExit() == 0)
        }

        @Test func aLinkToNothingIsNamed() async throws {
            let folder = try TestFolder()
            let file = "\(folder.path)/link.yaml"
            #expect(symlink("gone.yaml", file) == 0)
            let terminal = try await open(file)
            try await terminal.wait(for: "reason") { $0.contains { $0.contains("link to gone.yaml") } }
            try await terminal.press("q")
            #expect(try await terminal.waitForExit() == 2)
        }

        private static var repository: String {
            String(#filePath.dropLast("/Tests/EndToEnd/ConsoleFirstMinutesTests.swift".count))
        }

        @Test func leavingWritesNothingAndSaysWhatIsMissing() async throws {
            let folder = try TestFolder()
            let file = "\(folder.path)/new.yaml"
            let terminal = try await open(file, "--read-only")
            let offer = try await terminal.wait(for: "page") { $0.contains { $0.contains("There is no") } }
            #expect(!offer.contains { $0.contains("write it and go on") })
            try await terminal.press("w", "q")
            #expect(try await terminal.waitForExit() == 2)
            #expect(access(file, F_OK) != 0)
            try await terminal.wait(for: "the line") { $0.contains { $0.contains("no such file") } }
            #expect(try await terminal.isNormalScreen())
            #expect(terminal.settingsAfter == terminal.settingsBefore)
        }

        @Test func aMendedConfigIsOpenedByItself() async throws {
            let cluster = try TestCluster([["lmdb"]])
            let right = String(decoding: TestFolder.read(cluster.configFile), as: UTF8.self)
            let name = "mended.yaml"
            let file = try cluster.folder.write(right.replacing("Index:", with: "Idnex:"), to: name)
            let terminal = try await open(file)
            try await terminal.wait(for: "what is wrong, and where") { lines in
                lines.contains { $0.contains("mended.yaml:") }
                    && lines.contains { $0.contains("▶") && $0.contains("Idnex:") }
            }
            _ = try cluster.folder.write(right, to: name)
            try await terminal.wait(for: "dashboard that says what to do") { lines in
                ConsoleScreen(lines).row("shard0") != nil && lines.contains { $0.contains("Press s to start") }
            }
            // As it says.
            try await terminal.press("s")
            try await terminal.wait(for: "node that runs, and the next step") { lines in
                lines.contains { $0.contains("1/1 nodes running") } && lines.contains { $0.contains(":put user:1 Ada") }
            }
            try await terminal.type(":put user:1 Ada")
            try await terminal.press("Enter")
            try await terminal.wait(for: "key, and no more lessons") { lines in
                lines.contains { $0.contains(" 1 key ") } && !lines.contains { $0.contains("All is empty yet") }
            }
            try await terminal.press("q")
            try await terminal.wait(for: "question before leaving") {
                $0.contains { $0.contains("inside this console") }
            }
            try await terminal.press("Right", "Enter")
            #expect(try await terminal.waitForExit() == 0)
        }

        /// Scripts get what they always got.
        @Test func withoutATerminalThereIsNoPage() async throws {
            let folder = try TestFolder()
            for words in [["console"], ["console", "--once"], ["console", "--once", "--json"]] {
                let ran = try await ShoalBinary.run(words, config: "\(folder.path)/none.yaml")
                #expect(ran.exit == .code(2) && ran.text.isEmpty, "\(words): \(ran.text)")
                #expect(ran.errors.contains("none.yaml: no such file"), "\(ran.errors)")
            }
        }
    }
}
