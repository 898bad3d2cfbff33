import Console
import Model
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

    @Test func aKeyIsDeletedByItsName() {
        var console = console()
        let question = said(console.update(.line(#"del user\x07"#)))
        #expect(question.contains(#"Answer user\x07; anything else cancels"#))
        #expect(said(console.update(.line("yes"))).contains("cancelled") && console.hasFailed)
        _ = console.update(.line(#"del user\x07"#))
        #expect(console.update(.line(#"user\x07"#)).actions.contains(.keys(.delete(Array("user\u{7}".utf8)))))
    }

    /// What was asked before is answered before: nothing is answered by something else's answer.
    @Test func linesWaitForTheAnswersOfTheOnesBefore() {
        var console = console()
        for key in ["a", "b"].map({ Array($0.utf8) }) {
            #expect(!console.isBusy)
            _ = console.update(.line("get \(String(decoding: key, as: UTF8.self))"))
            #expect(console.isBusy)
            let other = KeyValue(key: [1], value: [1], expiry: .never)
            #expect(console.update(.console(.keys(.value(other)))).lines.isEmpty && console.isBusy)
            let value = KeyValue(key: key, value: key, expiry: .never)
            #expect(console.update(.console(.keys(.value(value)))).lines.count == 2)
        }
        _ = console.update(.line("scan x"))
        _ = console.update(.console(.keys(.page(KeysPage(number: 9, keys: [[1]], isLast: true)))))
        #expect(console.isBusy, "the page of another scan")
        let asked = KeysCommand.page(prefix: [120], number: console.state.keys.number)
        _ = console.update(.console(.keys(.failed(asked, "away"))))
        #expect(!console.isBusy && console.hasFailed)
    }

    @Test func anAnswerThatNeverComesIsNotWaitedForForEver() {
        var console = console()
        _ = console.update(.line("put a b"))
        var clock = ConsoleFixture.clock
        clock.milliseconds += PlainConsole.answerMilliseconds - 1
        _ = console.update(.console(.tick(clock)))
        #expect(console.isBusy)
        clock.milliseconds += 1
        #expect(said(console.update(.console(.tick(clock)))).contains("no answer in 60 s"))
        #expect(!console.isBusy && console.hasFailed)
        #expect(console.update(.endOfInput).actions == [.quit])
    }

    @Test func theEndWaitsForWhatIsUnderWay() {
        var console = console()
        let put = KeysCommand.put([97], value: [98], instead: nil)
        _ = console.update(.line("put a b"))
        let end = console.update(.endOfInput)
        #expect(end.actions.isEmpty && said(end).contains("Ctrl-C ends at once"))
        #expect(console.update(.console(.keys(.done(put)))).actions.contains(.quit))
        #expect(!console.hasFailed)
    }

    @Test func aQuestionThatTheEndLeavesOpenIsNo() {
        var console = console()
        _ = console.update(.line("stop 127.0.0.2:8080"))
        let end = console.update(.endOfInput)
        #expect(end.actions == [.quit] && said(end).contains("nothing was changed") && console.hasFailed)
    }

    // MARK: Scripts

    @Test func aScriptWaitsForItsCluster() {
        var script = PlainConsole(options: ConsoleOptions(startsNodes: true), isScript: true)
        var clock = ConsoleFixture.clock
        _ = script.update(.console(.tick(clock)))
        #expect(script.isBusy)
        let stopped = ConsoleFixture.shard(0, nodes: [ConsoleFixture.node("127.0.0.2:8080", state: .stopped)])
        var snapshot = ConsoleFixture.snapshot([stopped])
        _ = script.update(.console(.snapshot(snapshot)))
        #expect(script.isBusy)
        var late = script
        clock.milliseconds += PlainConsole.beginMilliseconds
        #expect(said(late.update(.console(.tick(clock)))).contains("does not run as it should") && !late.isBusy)
        snapshot = ConsoleFixture.snapshot([
            ConsoleFixture.shard(0, nodes: [ConsoleFixture.node("127.0.0.2:8080", state: .failed)])
        ])
        snapshot.milliseconds += 5_000
        clock = ConsoleFixture.clock
        clock.milliseconds += 5_000
        _ = script.update(.console(.tick(clock)))
        _ = script.update(.console(.snapshot(snapshot)))
        #expect(!script.isBusy, "one that failed will not run by waiting")
    }

    @Test func aScriptWaitsForNodesAndSaysWhatWasNotDone() {
        var script = PlainConsole(options: ConsoleOptions(), isScript: true)
        var clock = ConsoleFixture.clock
        _ = script.update(.console(.tick(clock)))
        _ = script.update(.console(.snapshot(ConsoleFixture.snapshot())))
        #expect(!script.isBusy)
        _ = script.update(.line("stop 127.0.0.2:8080"))
        _ = script.update(.line("yes"))
        #expect(script.isBusy && !console().isBusy)
        _ = script.update(.endOfInput)
        clock.unixSeconds += 61
        clock.milliseconds += 61_000
        _ = script.update(.console(.tick(clock)))
        let end = script.update(.console(.snapshot(ConsoleFixture.snapshot(at: clock.milliseconds))))
        #expect(script.hasFailed && end.actions.contains(.quit))
    }

    /// Its nodes have their turns in another order than they were named in.
    @Test func aRestartEndsInAScript() {
        let nodes = ConsoleFixture.led(
            [
                ConsoleFixture.node("a:1"), ConsoleFixture.node("b:1", role: .replica),
                ConsoleFixture.node("c:1", role: .replica),
            ],
            term: 1
        )
        var script = PlainConsole(options: ConsoleOptions(), isScript: true)
        var clock = ConsoleFixture.clock
        var stopped: Set<String> = []
        /// The cluster a second later, and what is asked of it then.
        func pass() {
            clock.milliseconds += 1_000
            clock.unixSeconds += 1
            var now = nodes
            for index in now.indices where stopped.contains(now[index].address) { now[index].state = .stopped }
            let snapshot = ConsoleFixture.snapshot([ConsoleFixture.shard(0, nodes: now)], at: clock.milliseconds)
            let actions =
                script.update(.console(.tick(clock))).actions + script.update(.console(.snapshot(snapshot))).actions
            for action in actions {
                if case .stop(let addresses) = action { stopped.formUnion(addresses) }
                if case .start(let addresses) = action { stopped.subtract(addresses) }
            }
        }
        pass()
        _ = script.update(.line("restart c:1 b:1"))
        let actions = script.update(.line("yes")).actions
        if case .stop(let addresses)? = actions.first(where: { if case .stop = $0 { true } else { false } }) {
            stopped.formUnion(addresses)
        }
        #expect(script.isBusy)
        for _ in 0..<20 where script.isBusy { pass() }
        #expect(script.state.nodes.rolling?.outcome == .done)
        #expect(!script.isBusy && !script.hasFailed)
        #expect(
            script.state.events.audit.entries.allSatisfy { $0.outcome == .good },
            "\(script.state.events.audit.entries.map(\.result))"
        )
    }

    @Test func aStartIsWaitedForAndLookedAfter() {
        let shard = ConsoleFixture.shard(0, nodes: [ConsoleFixture.node("127.0.0.2:8080", state: .stopped)])
        var script = PlainConsole(options: ConsoleOptions(), isScript: true)
        var clock = ConsoleFixture.clock
        _ = script.update(.console(.tick(clock)))
        _ = script.update(.console(.snapshot(ConsoleFixture.snapshot([shard], at: clock.milliseconds))))
        _ = script.update(.line("start 127.0.0.2:8080"))
        #expect(script.isBusy)
        var failing = script
        for (state, isGood) in [(NodeStatus.State.running, true), (.failed, false)] {
            script = isGood ? script : failing
            clock.milliseconds += 1_000
            let after = ConsoleFixture.shard(0, nodes: [ConsoleFixture.node("127.0.0.2:8080", state: state)])
            _ = script.update(.console(.tick(clock)))
            _ = script.update(.console(.snapshot(ConsoleFixture.snapshot([after], at: clock.milliseconds))))
            #expect(!script.isBusy && script.hasFailed == !isGood)
        }
        failing = script
    }

    @Test func theSameIsSaidAsOftenAsItHappens() {
        var console = console()
        for _ in 0..<2 { #expect(said(console.update(.line("get"))).contains("get needs a key")) }
        let put = KeysCommand.put([97], value: [98], instead: nil)
        for _ in 0..<2 {
            _ = console.update(.line("put a b"))
            #expect(said(console.update(.console(.keys(.failed(put, "no leader"))))).contains("no leader"))
        }
    }

    @Test func keysThatAreMissingAreAFailure() {
        var console = console()
        _ = console.update(.line(":scan x"))
        let number = console.state.keys.number
        let page = KeysPage(number: number, keys: [], isLast: true, missing: ["shard1": "no answer"])
        #expect(said(console.update(.console(.keys(.page(page))))).contains("keys of shard1 are missing"))
        #expect(console.hasFailed)
    }

    @Test func refusedLinesAreFailures() {
        for line in ["frobnicate", "put", "stop nobody", "node", "theme", "expire 5", "reshard", "get a\\q"] {
            var console = console()
            #expect(!console.update(.line(line)).lines.isEmpty)
            #expect(console.hasFailed, "\(line)")
        }
        var console = console()
        #expect(console.update(.refused("too long")).lines == ["too long"] && console.hasFailed)
        for line in ["status", "help", "events", "start 127.0.0.2:8080", ""] {
            var console = self.console()
            _ = console.update(.line(line))
            #expect(!console.hasFailed, "\(line)")
        }
    }

    @Test func whatIsElsewhereSaysWhere() {
        var console = console()
        #expect(said(console.update(.line("reshard"))).contains("shoal reshard"))
        #expect(said(console.update(.line("expire 5"))).contains("shoal expire KEY SECONDS"))
        var onlyLooks = self.console(isReadOnly: true)
        #expect(said(onlyLooks.update(.line("put a b"))).contains("this console is read-only"))
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
        let page = KeysPage(number: console.state.keys.number, keys: [Array("user:1".utf8)], isLast: true)
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
