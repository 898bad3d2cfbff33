import Terminal
import Testing

@Suite struct ClipboardSequenceTests {
    /// The test vectors of RFC 4648, and all bytes.
    @Test func base64IsTheOneOfTheStandard() {
        let known = ["": "", "f": "Zg==", "fo": "Zm8=", "foo": "Zm9v", "foob": "Zm9vYg==", "fooba": "Zm9vYmE="]
        for (text, letters) in known { #expect(ClipboardSequence.base64(Array(text.utf8)) == Array(letters.utf8)) }
        #expect(ClipboardSequence.base64([0xff, 0xfe, 0x00]) == Array("//4A".utf8))
        #expect(ClipboardSequence.base64([0xfb, 0xef, 0xbe]) == Array("++++".utf8))
    }

    @Test func aTerminalGetsThePlainSequence() {
        #expect(text(ClipboardSequence.bytes(Array("foo".utf8), route: .terminal)) == "\u{1b}]52;c;Zm9v\u{7}")
    }

    @Test func tmuxGetsBothItsOwnAndOneToHandOn() {
        let sent = text(ClipboardSequence.bytes(Array("foo".utf8), route: .tmux))
        #expect(sent == "\u{1b}]52;c;Zm9v\u{7}\u{1b}Ptmux;\u{1b}\u{1b}]52;c;Zm9v\u{7}\u{1b}\\")
    }

    @Test func screenGetsItInPieces() throws {
        let bytes = Array(repeating: UInt8(ascii: "x"), count: 150)
        let sent = try #require(text(ClipboardSequence.bytes(bytes, route: .screen)))
        #expect(sent.hasPrefix("\u{1b}P\u{1b}]52;c;") && sent.hasSuffix("\u{7}\u{1b}\\"))
        // 200 letters are three pieces of at most 76.
        let parts = sent.dropFirst(9).dropLast(3).split(separator: "\u{1b}")
        let pieces = parts.map { $0.drop { $0 == "\\" || $0 == "P" } }.filter { !$0.isEmpty }
        #expect(pieces.map(\.count) == [76, 76, 48])
        #expect(pieces.joined() == String(decoding: ClipboardSequence.base64(bytes), as: UTF8.self))
    }

    /// Half of a text is worse than none.
    @Test func tooMuchIsNotCut() throws {
        let most = Array(repeating: UInt8(0), count: ClipboardSequence.bytesMax)
        let sent = try #require(ClipboardSequence.bytes(most, route: .terminal))
        #expect(sent.count - "\u{1b}]52;c;\u{7}".utf8.count <= ClipboardSequence.charactersMax)
        #expect(ClipboardSequence.bytes(most + [0], route: .terminal) == nil)
    }

    /// Nothing of a text gets into the sequence as it is.
    @Test func hostileTextStaysInside() throws {
        let hostile = Array("\u{1b}\\\u{7}\u{1b}[2J\u{9c}".utf8)
        for route in [ClipboardSequence.Route.terminal, .tmux, .screen] {
            let sent = try #require(text(ClipboardSequence.bytes(hostile, route: route)))
            #expect(!sent.contains("[2J"))
        }
    }

    @Test func onlyTerminalsThatTakeStringsAreSentAny() {
        func abilities(_ environment: [String: String]) -> TerminalAbilities {
            TerminalAbilities(environment: environment)
        }
        for name in ["linux", "dumb", "vt100", "vt100-am", "vt220", "", "linux-16color"] {
            #expect(!abilities(["TERM": name]).takesStrings, "\(name)")
        }
        for name in ["xterm", "xterm-256color", "tmux-256color", "screen", "alacritty", "foot", "rxvt-unicode"] {
            #expect(abilities(["TERM": name]).takesStrings, "\(name)")
        }
        #expect(!abilities([:]).takesStrings)
        #expect(!abilities(["TERM": "linux"]).hasFineGlyphs && abilities(["TERM": "vt100"]).hasFineGlyphs)
        #expect(abilities(["TERM": "screen"]).clipboard == .terminal)
        #expect(abilities(["TERM": "screen", "TMUX": "/tmp/x,1,0"]).clipboard == .tmux)
        #expect(abilities(["TERM": "screen", "STY": "1.pts"]).clipboard == .screen)
    }

    private func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
}
