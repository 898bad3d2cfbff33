import Console
import Terminal
import Testing

@Suite struct CommandLineTests {
    @Test func unknownAndAmbiguousNamesSaySo() {
        var state = ConsoleFixture.state()
        _ = state.type(":frobnicate")
        _ = state.press(.enter)
        #expect(state.notice?.text == "no command \"frobnicate\"; press ? for those there are")
        _ = state.type(":st")
        _ = state.press(.enter)
        #expect(state.notice?.text == "\"st\" could be start, stop")
        _ = state.type(":pause now")
        _ = state.press(.enter)
        #expect(state.notice?.text == "pause takes nothing after its name")
        _ = state.type(":stop nobody")
        #expect(state.press(.enter) == [])
        #expect(state.notice?.text.contains("no node or shard \"nobody\"") == true)
    }

    @Test func everyCommandRunsByItsNameAndByItsKeys() {
        let table = CommandTable(isReadOnly: false, canCopy: true)
        for command in table.commands {
            #expect(table.commands(named: command.name) == [command])
            // In every view that it is for; another command may have the key elsewhere, never in the same view.
            for view in command.views ?? Set(ConsoleView.allCases) {
                for key in command.keys {
                    let others = table.commands.filter { $0 != command && $0.keys.contains(key) && $0.isFor(view) }
                    #expect(others.isEmpty, "\(key.name) in \(view)")
                    #expect(table.command(for: key, in: view) == command, "\(key.name) in \(view)")
                }
            }
        }
        #expect(!CommandTable(isReadOnly: false, canCopy: false).commands.contains { $0.name == "copy" })
        #expect(CommandTable(isReadOnly: false, canCopy: false).command(for: .character("y"), in: .dashboard) == nil)
    }

    @Test func noKeyForWhatDoesNotExistYet() {
        let table = CommandTable(isReadOnly: false, canCopy: true)
        for view in ConsoleView.allCases {
            for key in "b".unicodeScalars { #expect(table.command(for: .character(key), in: view) == nil) }
        }
    }

    @Test func hintsAndHelpComeFromTheTable() throws {
        var state = ConsoleFixture.state(width: 200, height: 100, canCopy: true)
        for hint in state.hints {
            #expect(state.table.commands.contains { $0.keys.first?.name == hint.key })
        }
        let hintLine = try ConsoleFixture.frame(state).text(99)
        for hint in state.hints { #expect(hintLine.contains("\(hint.key) \(hint.label)")) }
        _ = state.press(.character("?"))
        let help = try ConsoleFixture.frame(state).plainText
        for command in state.table.commands {
            #expect(help.contains(":\(command.name)"))
            #expect(help.contains(command.description))
        }
    }

    @Test func tabCompletesNamesThenArguments() {
        var state = ConsoleFixture.state()
        _ = state.type(":sto")
        _ = state.press(.tab)
        #expect(state.input == .command(LineEditor("stop ")))
        _ = state.type("sh")
        _ = state.press(.tab)
        #expect(state.input == .command(LineEditor("stop shard")))
        _ = state.press(.tab)
        #expect(state.input == .command(LineEditor("stop shard0")))
        _ = state.press(.tab)
        #expect(state.input == .command(LineEditor("stop shard1")))
        _ = state.press(.backTab)
        #expect(state.press(.enter) == [])
        #expect(state.press(.tab, .enter) == [.stop(["127.0.0.2:8080", "127.0.0.22:8080"])])
    }

    @Test func arrowsRecallAndPastesAreText() {
        var state = ConsoleFixture.state()
        _ = state.type(":sort keys")
        _ = state.press(.enter)
        _ = state.type(":pau")
        _ = state.press(.escape)
        _ = state.type(":")
        _ = state.press(.up)
        #expect(state.input == .command(LineEditor("sort keys")))
        _ = state.press(.down)
        #expect(state.update(.paste("quit\nq")) == [])
        #expect(state.input == .command(LineEditor(#"quit\nq"#)), "a line end is a letter like any other")
        _ = state.press(.escape)
        #expect(state.update(.paste("q")) == [])
        #expect(state.overlay == .none)
    }

    @Test func editingKeys() {
        var line = LineEditor("stop shard0")
        line.deleteWord()
        #expect(line.text == "stop ")
        line.moveToStart()
        line.insert("re\u{1B}\u{7}")
        #expect(line.text == "restop ")
        line.deleteToStart()
        #expect(line.text == "stop ")
        line.deleteForward()
        line.moveToEnd()
        line.move(by: 5)
        line.backspace()
        #expect(line.text == "top")
        line.insert(String(repeating: "x", count: 5_000))
        #expect(line.text.count == 1_024)
    }
}
