import Console
import Server
import Terminal
import Testing

@Suite struct CopyTests {
    @Test func rowsAreCopiedByName() {
        var state = ConsoleFixture.state(canCopy: true)
        #expect(state.press(.character("y")) == [.copy("demo")])
        #expect(state.press(.down, .character("y")) == [.copy("shard0")])
        #expect(state.press(.down, .character("y")) == [.copy("127.0.0.2:8080")])
        #expect(state.notice?.text == "copied 127.0.0.2:8080 (sent to the terminal's clipboard)")
        _ = state.update(.display(.init(isInTmux: true)))
        _ = state.type(":copy")
        #expect(state.press(.enter) == [.copy("127.0.0.2:8080")])
        #expect(state.notice?.text.hasSuffix("(sent to tmux, which hands it on with set-clipboard on)") == true)
    }

    @Test func whereTheTerminalTakesNoTextThereIsNoCommand() {
        var state = ConsoleFixture.state()
        #expect(state.press(.character("y")) == [] && state.notice == nil)
        _ = state.type(":copy")
        _ = state.press(.enter)
        #expect(state.notice?.text == "no command \"copy\"; press ? for those there are")
        #expect(!state.hints.contains { $0.label == "copy" })
    }

    @Test func keysAndValuesAreCopied() {
        var state = ConsoleFixture.state(canCopy: true)
        _ = state.press(.character("5"))
        _ = state.press(.character("y"))
        #expect(state.notice?.text == "nothing is selected here that can be copied")
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: ConsoleFixture.hostileKeys, isLast: true))))
        #expect(state.press(.character("y")) == [.copy("user:1")])
        // A key that would do something where it is pasted is copied as it is typed after :get.
        #expect(state.press(.down, .character("y")) == [.copy("\\x1b[2J\\x1b]0;owned\\x07")])
        _ = state.press(.up, .enter, .character("y"))
        #expect(state.notice?.text == "the value is not here yet")
        func copied(_ value: [UInt8]?) -> [ConsoleAction] {
            let news = KeyValue(key: ConsoleFixture.hostileKeys[0], value: value, expiry: .never)
            _ = state.update(.keys(.value(news)))
            return state.press(.character("y"))
        }
        #expect(copied(Array("Ada\n\tLovelace e\u{301} 漢字".utf8)) == [.copy("Ada\n\tLovelace e\u{301} 漢字")])
        #expect(state.notice?.text.hasPrefix("copied the value of user:1, ") == true)
        #expect(copied(Array("a\u{1B}[2J".utf8)) == [.copy("a\\x1b[2J")])
        #expect(state.notice?.text.contains(" with escapes ") == true)
        #expect(copied(Array("a\u{202E}b".utf8)) == [.copy("a\\xe2\\x80\\xaeb")])
        #expect(copied([0xff, 0x41]) == [.copy("\\xffA")])
        #expect(copied([]) == [] && state.notice?.text == "the value is empty: there is nothing to copy")
        #expect(copied(nil) == [] && state.notice?.text == "there is no such key")
        #expect(copied(Array(repeating: 65, count: KeyValue.shownMax + 1)) == [])
        #expect(state.notice?.text.contains("shoal get KEY > FILE") == true)
    }

    /// Escapes make a value longer than it is.
    @Test func tooMuchIsRefusedNotCut() {
        var state = ConsoleFixture.state(canCopy: true)
        _ = state.press(.character("5"))
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: [[65]], isLast: true))))
        _ = state.press(.enter)
        let value = Array(repeating: UInt8(1), count: KeyValue.shownMax)
        _ = state.update(.keys(.value(KeyValue(key: [65], value: value, expiry: .never))))
        #expect(state.press(.character("y")) == [])
        #expect(state.notice?.text.hasPrefix("too long to copy: ") == true)
    }

    @Test func slotsAndShardsAreCopied() throws {
        var state = ConsoleFixture.state(canCopy: true)
        _ = state.press(.character("4"))
        _ = state.update(.slots(try ConsoleFixture.slots()))
        guard case .copy(let slots)? = state.press(.character("y")).first else { throw CopyFailure() }
        #expect(slots.hasPrefix("0-"))
        #expect(state.press(.tab, .character("y")).contains(.copy("shard0")))
    }

    private struct CopyFailure: Error {}
}
