import Console
import Glibc
import Model
import TestSupport
import Testing

extension EndToEndSuite {
    /// The wizard of the console in a real terminal, with only the keyboard.
    @Suite(.serialized) struct ReshardWizardTests {
        /// From the first key to the summary: two shards become three, and the console starts the third one itself.
        @Test func fromTheFirstKeyToTheSummary() async throws {
            let cluster = try TestCluster([["lmdb"], ["rocksdb"]])
            let console = try await EmbeddedConsole.open(width: 80, height: 24, on: cluster)
            try await fill(cluster)
            let before = try await keys(of: cluster)
            let address = try TestCluster.freshAddress()

            try await console.terminal.press("R")
            try await console.wait(for: "list of what can be done") { $0.text.contains("Rebalance") }
            try await console.terminal.press("Enter")
            try await console.wait(for: "form with a name") { $0.text.contains("shard2") }
            try await console.terminal.press("Tab", "C-u")
            try await console.terminal.type("\(address)")
            try await console.wait(for: "free address") { $0.text.contains("\(address) is free") }
            try await console.terminal.press("Enter", "Enter", "Enter")
            try await console.wait(for: "policies side by side") { screen in
                ["fixed", "modulo", "ring", "slots that move"].allSatisfy(screen.text.contains)
            }
            // One step back and on again: nothing is lost, nothing is done.
            try await console.terminal.press("Escape")
            try await console.wait(for: "the form as it was") { $0.text.contains("\(address) is free") }
            try await console.terminal.press("Enter")
            try await console.wait(for: "policies again") { $0.text.contains("slots that move") }
            try await console.terminal.press("Enter")
            try await console.wait(for: "plan with both maps") { screen in
                screen.text.contains("5,461 of 16,384 slots move") && screen.text.contains("before")
                    && screen.text.contains("after")
            }
            #expect(try await console.screen().text.contains("shoal reshard run --add shard2="))
            try await console.terminal.press("Enter")
            try await console.wait(for: "rehearsal") { $0.text.contains("can be changed, and stays valid") }
            try await console.terminal.press("Enter")
            try await console.wait(for: "question for the name") { $0.text.contains("Type the cluster's name, e2e") }
            #expect(try await cluster.status().shards.count == 2, "something was done before the name was typed")
            try await console.terminal.type("e2e")
            try await console.terminal.press("Enter")
            try await console.wait(for: "summary", within: .seconds(120)) { screen in
                screen.text.contains("done after") && screen.text.contains("5,461 of 5,461 slots (100 %)")
            }
            try await console.terminal.press("Enter", "1")
            try await console.wait(for: "dashboard with three nodes") { $0.text.contains("3/3 nodes running") }
            try await check(cluster, keys: before, third: address)
            try await console.quit()
        }

        /// Headless nodes: the wizard says what to start. The job outlives the console, and the next one finds it.
        @Test func aJobOutlivesTheConsoleAndIsAborted() async throws {
            let cluster = try TestCluster([["lmdb"], ["rocksdb"]])
            try await cluster.start()
            try await fill(cluster)
            let before = try await keys(of: cluster)
            let text = TestFolder.read(cluster.configFile)
            let third = try #require(try cluster.add(["lmdb"]).first)
            let first = try await EmbeddedConsole.attach(to: cluster)
            try await first.terminal.press("R")
            try await first.wait(for: "list of what can be done") { $0.text.contains("Rebalance") }
            try await first.terminal.press("Enter")
            try await first.wait(for: "form with a name") { $0.text.contains("shard2") }
            try await first.terminal.press("Tab", "C-u")
            try await first.terminal.type("\(third.address)")
            try await first.wait(for: "what to start") { $0.text.contains("\(third.address) does not run; start it:") }
            try cluster.spawn(third)
            try await first.wait(for: "node that runs") {
                $0.text.contains("\(third.address) runs shard2 and is empty")
            }
            try await first.terminal.press("Enter", "Enter", "Enter")
            try await first.wait(for: "policies side by side") { $0.text.contains("slots that move") }
            try await first.terminal.press("Enter")
            try await first.wait(for: "plan") { $0.text.contains("slots move:") }
            // 10 MB/s: it must not be over before it is paused.
            try await first.terminal.press("r", "Enter")
            try await first.wait(for: "rehearsal") { $0.text.contains("can be changed, and stays valid") }
            try await first.terminal.press("Enter")
            try await first.terminal.type("e2e")
            try await first.terminal.press("Enter")
            try await first.wait(for: "progress") { $0.text.contains("add shard2: running") }
            try await first.terminal.press("p")
            try await first.wait(for: "pause") { $0.text.contains("add shard2: paused") }
            kill(try await first.terminal.pid(), SIGKILL)

            let second = try await EmbeddedConsole.attach(to: cluster)
            try await second.terminal.press("R")
            try await second.wait(for: "the paused job") { $0.text.contains("add shard2: paused") }
            try await second.terminal.press("a")
            try await second.wait(for: "question before aborting") { $0.text.contains("Abort the reshard") }
            try await second.terminal.press("Right", "Enter")
            try await second.wait(for: "end of the job") { $0.text.contains("add shard2: cancelled") }
            // What had moved stays where it is, and then the new shard stays, too.
            let status = try await cluster.status()
            #expect(status.shards.map(\.slots).reduce(0, +) == 16_384)
            #expect(try await keys(of: cluster) == before, "keys or values have changed")
            let isKept = status.shards.contains { $0.name == "shard2" && $0.slots > 0 }
            #expect(isKept != (TestFolder.read(cluster.configFile) == text), "config.yaml is not in line with the map")
            try await second.terminal.press("q")
            #expect(try await second.terminal.waitForExit() == 0)
            try await cluster.signalAll(SIGTERM)
        }

        private func fill(_ cluster: TestCluster) async throws {
            let written = try await ShoalBinary.run(
                [
                    "bench", "--writes", "20000", "--reads", "0", "--key-space", "20000", "--pipeline", "16",
                    "--value-size", "1000",
                ],
                config: cluster.configFile,
                within: .seconds(60)
            )
            try #require(written.exit == .code(0), "\(written.errors)")
        }

        private func keys(of cluster: TestCluster) async throws -> [String] {
            let scanned = try await ShoalBinary.run("scan", config: cluster.configFile)
            try #require(scanned.exit == .code(0), "\(scanned.errors)")
            return scanned.text.split(separator: "\n").map(String.init).sorted()
        }

        private func check(_ cluster: TestCluster, keys before: [String], third address: NodeAddress) async throws {
            let text = String(decoding: TestFolder.read(cluster.configFile), as: UTF8.self)
            #expect(text.contains("Name: shard2") && text.contains("\(address)"))
            let status = try await cluster.status()
            #expect(status.shards.map(\.slots).sorted() == [5_461, 5_461, 5_462])
            #expect(status.shards.map(\.name) == ["shard0", "shard1", "shard2"])
            #expect(status.keys == before.count)
            #expect(try await keys(of: cluster) == before, "keys or values have changed")
        }
    }
}
