import Console
import Model
import Server
import Terminal
import Testing

@Suite struct KeysViewTests {
    private static let keys = (0..<200).map { Array("key:\($0)".utf8) }

    private func opened(_ keys: [[UInt8]] = keys, isLast: Bool = true) -> ConsoleState {
        var state = ConsoleFixture.state(options: ConsoleOptions(user: "ada@shore"))
        _ = state.press(.character("5"))
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: keys, isLast: isLast))))
        return state
    }

    private func text(_ state: ConsoleState) throws -> String { try ConsoleFixture.frame(state).plainText }

    private func enter(_ line: String, _ state: inout ConsoleState) -> [ConsoleAction] {
        _ = state.type(line)
        return state.press(.enter)
    }

    @Test func theFirstLookAsksForAPageAndLaterOnesDoNot() {
        var state = ConsoleFixture.state()
        #expect(state.press(.character("5")) == [.keys(.page(prefix: [], number: 1))])
        #expect(state.press(.character("1"), .character("5")) == [])
    }

    @Test func thePageIsAskedForOnceWhenTheEndComesNear() {
        var state = opened(isLast: false)
        #expect(state.press(.down) == [])
        #expect(state.press(.end, .up, .down) == [.keys(.page(prefix: [], number: 1))])
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: [[1]], isLast: true))))
        #expect(state.keys.keys.count == 201)
        #expect(state.press(.end) == [])
    }

    @Test func keysAreHeldUpToABound() {
        var state = opened(isLast: false)
        for _ in 0..<60 { _ = state.update(.keys(.page(KeysPage(number: 1, keys: Self.keys, isLast: false)))) }
        #expect(state.keys.keys.count == 10_000)
        #expect(state.press(.end) == [])
    }

    @Test func aPrefixBeginsAnewAndLateAnswersAreDropped() {
        var state = opened(isLast: false)
        _ = state.press(.character("/"))
        #expect(enter(#"user\x00"#, &state) == [.keys(.page(prefix: Array("user\0".utf8), number: 2))])
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: Self.keys, isLast: true))))
        #expect(state.keys.keys.isEmpty && !state.keys.isLast)
        _ = state.press(.character("/"))
        _ = state.press(.ctrl("u"))
        #expect(enter(#"a\q"#, &state) == [])
        #expect(state.notice?.severity == .error)
    }

    @Test func aShardThatDoesNotAnswerIsNamed() throws {
        var state = ConsoleFixture.state()
        _ = state.press(.character("5"))
        let page = KeysPage(number: 1, keys: [[65]], isLast: true, missing: ["shard1": "no answer in time"])
        _ = state.update(.keys(.page(page)))
        #expect(try text(state).contains("1 key · without shard1: no answer in time"))
    }

    @Test func aValueIsEditedOnlyAfterItWasSeenAndKeepsWhatWasThere() {
        var state = opened()
        let key = Self.keys[0]
        #expect(state.press(.character("e")) == [.keys(.read(key))])
        #expect(state.press(.character("e")) == [])
        _ = state.update(.keys(.value(KeyValue(key: key, value: Array("a\n".utf8), expiry: .never))))
        #expect(state.press(.character("e")) == [])
        #expect(enter("b", &state) == [.keys(.put(key, value: Array("a\nb".utf8), instead: Array("a\n".utf8)))])
        _ = state.press(.character("e"))
        #expect(state.press(.enter) == [])
        #expect(state.notice?.text == "unchanged")
    }

    @Test func anEditCanBeLeftAndAPasteIsTextOnly() {
        var state = opened()
        let key = Self.keys[0]
        _ = state.press(.enter)
        _ = state.update(.keys(.value(KeyValue(key: key, value: [], expiry: .never))))
        _ = state.press(.character("e"))
        _ = state.update(.paste("x\u{1B}\ny"))
        #expect(state.press(.escape) == [])
        #expect(state.input == .none)
        _ = state.press(.character("e"))
        _ = state.update(.paste("x\u{1B}\ny"))
        #expect(state.press(.enter) == [.keys(.put(key, value: Array("x\u{1B}\ny".utf8), instead: []))])
    }

    @Test func aLongOrUnfinishedValueIsNotEdited() {
        var state = opened()
        let key = Self.keys[0]
        _ = state.press(.enter)
        for count in [1_025, KeyValue.shownMax + 1] {
            let value = [UInt8](repeating: 65, count: count)
            _ = state.update(.keys(.value(KeyValue(key: key, value: value, expiry: .never))))
            #expect(state.press(.character("e")) == [])
            #expect(state.input == .none)
            #expect(state.notice?.severity == .warning)
        }
    }

    @Test func deletingTakesTheNameAndTakesTheKeyAway() throws {
        var state = opened(ConsoleFixture.hostileKeys)
        _ = state.press(.down, .character("d"))
        let frame = try text(state)
        #expect(frame.contains("Delete a key"))
        #expect(frame.contains(#"\x1b[2J\x1b]0;owned\x07"#))
        #expect(state.press(.enter) == [])
        let delete = KeysCommand.delete(ConsoleFixture.hostileKeys[1])
        #expect(state.press(.character("d"), .tab, .right, .enter) == [], "the button is out of reach")
        _ = state.press(.character("d"))
        // Keys that mean something elsewhere are letters here.
        #expect(state.type("q") == [] && state.press(.enter) == [])
        #expect(state.overlay == .none && state.notice?.text.hasPrefix("nothing was done") == true)
        _ = state.press(.character("d"))
        _ = state.update(.paste(#"\x1b[2J\x1b]0;owned\x07"#))
        #expect(state.press(.enter) == [], "what is pasted has not been typed")
        _ = state.press(.character("d"))
        _ = state.type(#"\x1b[2J\x1b]0;owned\x07"#)
        #expect(state.press(.enter) == [.keys(delete)])
        #expect(state.keys.keys.count == ConsoleFixture.hostileKeys.count)
        _ = state.update(.keys(.done(delete)))
        #expect(state.keys.keys.count == ConsoleFixture.hostileKeys.count - 1)
    }

    @Test func ofALongKeyTheEndIsTyped() throws {
        for (key, text) in [
            (Array("user:1".utf8), "user:1"), (Array(" a b ".utf8), #"\x20a b\x20"#), (Array("  ".utf8), #"\x20\x20"#),
            (Array("a b\u{7}".utf8), #"a b\x07"#),
            (Array(repeating: UInt8(ascii: "k"), count: 4_096), String(repeating: "k", count: 16)),
            (Array(repeating: 0, count: 4_096), #"\x00\x00\x00\x00"#),
            (Array("\(String(repeating: "prefix:", count: 9))漢字".utf8), "prefix:prefix:漢字"),
            (Array("e\(String(repeating: "\u{301}", count: 2_000))".utf8), String(repeating: #"\xcc\x81"#, count: 2)),
        ] {
            var name = TypedName(key: key)
            #expect(name.text == text && name.isEnd == (key.count > 32))
            #expect(!name.isRight)
            name.editor.insert(text)
            #expect(name.isRight, "\(text)")
            name.editor.insert(" ")
            #expect(!name.isRight)
        }
        // However its bytes are written.
        var name = TypedName(key: Array("漢".utf8))
        name.editor.insert(#"\xe6\xbc\xa2"#)
        #expect(name.isRight)
    }

    /// A key is shown as it can be typed, however much of it fits.
    @Test func aKeyHasOneSpelling() throws {
        for key in ConsoleFixture.hostileKeys + [Array(" ".utf8), Array(#"a\b"#.utf8), Array(#"\x20"#.utf8)] {
            #expect(KeyText.bytes(of: KeyText.name(of: key)) == key)
            for limit in 0..<12 {
                let part = try #require(KeyText.bytes(of: KeyText.name(of: key, limit: limit)))
                #expect(key.starts(with: part) && part.count <= limit && part.count + 4 > min(limit, key.count))
            }
        }
        #expect(KeyText.name(of: Array("漢字".utf8), limit: 5) == "漢")
    }

    /// What is pasted is what is done, or nothing is.
    @Test func whatIsPastedIsNotChanged() {
        var state = opened()
        _ = state.type(":")
        _ = state.update(.paste("put a\tb v1\nq\n"))
        #expect(
            state.press(.enter) == [.keys(.put(Array("a\tb".utf8), value: Array("v1\nq".utf8), instead: nil))]
        )
        _ = state.type(":put e\u{301} 1")
        #expect(state.press(.enter) == [.keys(.put(Array("e\u{301}".utf8), value: Array("1".utf8), instead: nil))])
        _ = state.type(":put long ")
        _ = state.update(.paste(String(repeating: "x", count: 2_000)))
        #expect(state.input == .none && state.notice?.severity == .warning)
        #expect(state.press(.enter).allSatisfy { if case .keys(.put) = $0 { false } else { true } })
    }

    @Test func whatWasDoneHereIsAuditedWithItsResult() {
        var state = opened()
        #expect(enter(":put key:7 b c", &state) == [.keys(.put(Self.keys[7], value: Array("b c".utf8), instead: nil))])
        #expect(state.events.audit.entries.map(\.who) == ["ada@shore"])
        #expect(state.events.audit.entries.map(\.what) == ["put key:7 (3 B)"])
        #expect(state.events.audit.entries.map(\.outcome) == [.underWay])
        let done = state.update(.keys(.done(.put(Self.keys[7], value: Array("b c".utf8), instead: nil))))
        #expect(done.contains(.audit("ada@shore: put key:7 (3 B): done")))
        #expect(state.events.audit.entries.map(\.outcome) == [.good])
        _ = state.press(.character("d"))
        _ = state.type("key:0")
        _ = state.press(.enter)
        let key = Self.keys[0]
        let failed = state.update(.keys(.failed(.delete(key), "no answer in time")))
        #expect(failed == [.audit("ada@shore: del key:0: no answer in time")])
    }

    @Test func timeToLiveIsSecondsOrNever() {
        var state = opened()
        _ = state.press(.character("u"))
        #expect(enter("60", &state) == [.keys(.expire(Self.keys[0], seconds: 60))])
        #expect(enter(":expire never", &state) == [.keys(.expire(Self.keys[0], seconds: nil))])
        for word in ["0", "-1", "x", "99999999999999999999"] {
            #expect(enter(":expire \(word)", &state) == [])
            #expect(state.notice?.severity == .error)
        }
    }

    @Test func readOnlyBrowsesButWritesNothing() {
        var state = ConsoleFixture.state(options: ConsoleOptions(isReadOnly: true))
        _ = state.press(.character("5"))
        _ = state.update(.keys(.page(KeysPage(number: 1, keys: Self.keys, isLast: true))))
        #expect(state.press(.character("d"), .character("e"), .character("u")) == [])
        #expect(state.overlay == .none && state.input == .none)
        for line in [":put a b", ":del a", ":edit", ":expire 5"] {
            #expect(enter(line, &state) == [])
            #expect(state.notice?.text.hasPrefix("no command") == true)
        }
        #expect(!state.hints.contains { ["edit", "delete", "time to live"].contains($0.label) })
        #expect(state.press(.enter) == [.keys(.read(Self.keys[0]))])
    }

    @Test func hostileKeysLeaveTheColumnsWhereTheyAre() throws {
        for (width, height) in [(40, 10), (80, 24), (120, 40)] {
            var state = opened(ConsoleFixture.hostileKeys)
            _ = state.update(.resized(width: width, height: height))
            for _ in 0..<12 {
                let lines = try text(state).split(separator: "\n", omittingEmptySubsequences: false)
                for line in lines { #expect(SafeText.width(String(line)) == width, "\(line)") }
                #expect(!lines.contains { $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x202E } })
                _ = state.press(.down, .enter, .escape)
            }
        }
    }

    @Test func theTextOfBytesReadsBackToThem() {
        for key in ConsoleFixture.hostileKeys + [[], Array(0...255)] {
            let text = KeyText.text(of: key)
            #expect(KeyText.bytes(of: text) == key, "\(text)")
            #expect(text.unicodeScalars.allSatisfy(SafeText.isPlain))
        }
        for text in [#"\"#, #"\q"#, #"\x"#, #"\x1"#, #"\xg0"#] { #expect(KeyText.bytes(of: text) == nil) }
    }

    @Test func jsonIsLaidOutByteForByteOrNotAtAll() {
        func lines(_ text: String) -> [String]? {
            JSONLayout.lines(of: Array(text.utf8))?.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(
            lines(#" {"a":[1,2.50e3,{}],"b\"":"\u00e9"} "#) == [
                "{", #"  "a": ["#, "    1,", "    2.50e3,", "    {}", "  ],", #"  "b\"": "\u00e9""#, "}",
            ]
        )
        for text in ["", "{", "[1,]", "{\"a\"}", "[1}", "nul", "1 2", "\"a", "+1", "\"\n\""] {
            #expect(lines(text) == nil)
        }
        #expect(lines(String(repeating: "[", count: 100_000)) == nil)
    }
}
