import Console
import Resharding
import Server
import Terminal
import Testing

/// The console of lines: the commands of the screen, and what they do to it as sentences.
@Suite struct PlainConsoleTests {
    private func console(isReadOnly: Bool = false, embedded: Set<String> = []) -> PlainConsole {
        var console = PlainConsole(options: ConsoleOptions(isReadOnly: isReadOnly))
        _ = console.update(.console(.tick(ConsoleFixture.clock)))
        _ = console.update(.console(.snapshot(ConsoleFixture.snapshot(embedded: embedded))))
        return console
    }

    private func said(_ output: PlainConsole.Output) -> String { output.lines.joined(separator: "\n") }

    @Test func theFirstStatusIsASentence() {
        var console = PlainConsole(options: ConsoleOptions())
        _ = console.update(.console(.tick(ConsoleFixture.clock)))
        let output = console.update(.console(.snapshot(ConsoleFixture.snapshot())))
        #expect(said(output).contains("3 of 4 nodes running, 120,246 keys, "))
        // The same once more is no news.
        #expect(console.update(.console(.snapshot(ConsoleFixture.snapshot()))).lines.isEmpty)
    }

    @Test func statusNamesEveryNode() {
        var console = console()
        let status = said(console.update(.line("status")))
        #expect(status.contains("shard0: 127.0.0.2:8080 is leader, running"))
        #expect(status.contains("shard1: 127.0.0.33:8080 is replica, syncing, 12 ms behind: copying the shard"))
        #expect(console.update(.line(" dashboard ")).lines.count == status.split(separator: "\n").count)
    }

    /// Stopping asks, and only `yes` is a yes.
    @Test(arguments: ["no", "", "y", "Yes", "stop 127.0.0.2:8080"]) func anythingButYesCancels(answer: String) {
        var console = console()
        let question = console.update(.line("stop 127.0.0.2:8080"))
        #expect(question.actions.isEmpty)
        #expect(said(question).contains("Stop 127.0.0.2:8080:") && said(question).contains("Answer yes"))
        let output = console.update(.line(answer))
        #expect(output.actions.isEmpty)
        #expect(said(output).contains("cancelled"))
        #expect(console.update(.line("yes")).actions.isEmpty, "the question is over")
    }

    @Test func yesDoesIt() {
        var console = console()
        _ = console.update(.line("stop 127.0.0.2:8080"))
        let output = console.update(.line("yes"))
        #expect(output.actions.contains(.stop(["127.0.0.2:8080"])))
        #expect(said(output).contains("stopping 127.0.0.2:8080"))
    }

    @Test func keysAreWrittenReadAndListed() {
        var console = console()
        #expect(
            console.update(.line("put user:1 Ada")).actions.contains(
                .keys(.put(Array("user:1".utf8), value: Array("Ada".utf8), instead: nil))
            )
        )
        let done = console.update(
            .console(.keys(.done(.put(Array("user:1".utf8), value: Array("Ada".utf8), instead: nil))))
        )
        #expect(said(done).contains("wrote user:1"))
        #expect(console.update(.line("get user:1")).actions.contains(.keys(.read(Array("user:1".utf8)))))
        let value = KeyValue(key: Array("user:1".utf8), value: Array("A\u{1B}[31mda".utf8), expiry: .never)
        let shown = console.update(.console(.keys(.value(value))))
        #expect(shown.lines == ["user:1 has 8 bytes:", #"A\x1b[31mda"#])
        _ = console.update(.line("scan user"))
        let page = KeysPage(number: console.state.keysView.number, keys: [Array("user:1".utf8)], isLast: true)
        #expect(console.update(.console(.keys(.page(page)))).lines == ["user:1"])
    }

    @Test func missingKeysAndFailuresAreSaid() {
        var console = console()
        _ = console.update(.line("get nobody"))
        let absent = KeyValue(key: Array("nobody".utf8), value: nil, expiry: .never)
        #expect(said(console.update(.console(.keys(.value(absent))))).contains("there is no key nobody"))
        let failed = console.update(.console(.keys(.failed(.delete(Array("a".utf8)), "shard0 has no leader"))))
        #expect(said(failed).contains("shard0 has no leader"))
    }

    @Test func whatHappensIsTold() {
        var console = console()
        let event = ClusterEvent(unixSeconds: 1_700_000_000, severity: .error, text: "127.0.0.3:8080 \u{202E}failed")
        let output = console.update(.console(.clusterEvents([event])))
        #expect(output.lines == [#"22:13:20 error: 127.0.0.3:8080 \u{202e}failed"#])
        #expect(said(console.update(.line("events"))).contains("failed"))
    }

    @Test func theHelpIsOfTheTableAndEverythingInItWorks() {
        var console = console()
        let help = console.update(.line("help")).lines
        #expect(help.contains { $0.hasPrefix("stop ") } && help.contains { $0.hasPrefix("put ") })
        #expect(!help.contains { $0.hasPrefix("theme") || $0.hasPrefix("reshard") || $0.hasPrefix("copy") })
        for line in help {
            let name = line.prefix { $0 != " " && $0 != ":" }
            let output = console.update(.line("\(name)"))
            #expect(!said(output).contains("is for the screen"), "\(name)")
            _ = console.update(.line("no"))
        }
    }

    @Test(arguments: ["theme", "zoom-in", "filter x", "mouse on", "slots"]) func whatNeedsAScreenSaysSo(line: String) {
        var console = console()
        #expect(said(console.update(.line(line))).contains("is for the screen"))
    }

    @Test func nonsenseIsNamed() {
        var console = console()
        #expect(said(console.update(.line("frobnicate"))).contains("no command \"frobnicate\""))
        #expect(said(console.update(.line("put"))).contains("put needs a key and a value"))
        #expect(said(console.update(.line("node nobody"))).contains("no node or shard"))
        #expect(console.update(.line("")).lines.isEmpty)
    }

    @Test func readOnlyHasNoneOfThem() {
        var console = console(isReadOnly: true)
        #expect(said(console.update(.line("stop 127.0.0.2:8080"))).contains("no command"))
        #expect(console.update(.line("put a b")).actions.isEmpty)
    }

    @Test func leavingAsksWhenNodesRunInside() {
        var console = console(embedded: ["127.0.0.2:8080"])
        #expect(console.update(.line("quit")).actions.isEmpty)
        #expect(console.update(.line("yes")).actions.contains(.quit))
        #expect(console.update(.endOfInput).actions == [.quit], "nobody is left to ask")
        var outside = self.console()
        #expect(outside.update(.line("quit")).actions.contains(.quit))
    }
}
