import Terminal
import Testing

@Suite struct ReplyFilterTests {
    private static let light = "\u{1b}]11;rgb:ffff/fefe/f0f0\u{1b}\\"
    private static let fence = "\u{1b}[?64;1;2c"

    /// Everything that comes out of `texts`, each of which arrives `gap` milliseconds after the one before.
    private func run(
        _ texts: [String],
        gap: Int64 = 0,
        filter: inout ReplyFilter
    ) -> (typed: String, backgrounds: [Bool]) {
        var outputs: [ReplyFilter.Output] = []
        var now: Int64 = 1_000
        for text in texts {
            now += gap
            outputs += filter.flush(at: now)
            for scalar in text.unicodeScalars { outputs += filter.take(scalar, at: now) }
        }
        outputs += filter.flush(at: now + ReplyFilter.answerPatience)
        var typed = ""
        var backgrounds: [Bool] = []
        for output in outputs {
            switch output {
            case .typed(let scalar): typed.unicodeScalars.append(scalar)
            case .background(let isLight): backgrounds.append(isLight)
            }
        }
        return (typed, backgrounds)
    }

    private func asked() -> ReplyFilter {
        var filter = ReplyFilter()
        filter.expect()
        return filter
    }

    @Test func answersAreTakenOutOfWhatIsTyped() {
        var filter = asked()
        let (typed, backgrounds) = run(["ab" + Self.light + "c" + Self.fence + "d"], filter: &filter)
        #expect(typed == "abcd" && backgrounds == [true])
        #expect(!filter.isAwaiting)
        // Behind the fence everything is typed, whatever it looks like.
        #expect(run([Self.light], filter: &filter).typed == Self.light)
    }

    @Test func withoutAQuestionEverythingIsTyped() {
        var filter = ReplyFilter()
        let (typed, backgrounds) = run([Self.light + Self.fence], filter: &filter)
        #expect(typed == Self.light + Self.fence && backgrounds.isEmpty)
    }

    /// A network may cut an answer anywhere.
    @Test(arguments: [Int64(0), 1, ReplyFilter.escapePatience - 1])
    func anAnswerInTwoPiecesIsStillOne(gap: Int64) {
        let whole = Array((Self.light + Self.fence).unicodeScalars)
        for cut in 0...whole.count {
            var filter = asked()
            var (first, second) = ("", "")
            first.unicodeScalars.append(contentsOf: whole[..<cut])
            second.unicodeScalars.append(contentsOf: whole[cut...])
            let (typed, backgrounds) = run([first, second, "x"], gap: gap, filter: &filter)
            #expect(typed == "x" && backgrounds == [true] && !filter.isAwaiting, "cut at \(cut)")
        }
    }

    @Test func aLateAnswerIsNoKey() {
        var filter = asked()
        let (typed, backgrounds) = run(["q", "j", Self.light, Self.fence], gap: 30_000, filter: &filter)
        #expect(typed == "qj" && backgrounds == [true])
    }

    @Test func escapeIsHeldBackShortlyAndThenAKey() {
        var filter = asked()
        #expect(filter.take("\u{1b}", at: 10) == [])
        #expect(filter.due == 10 + ReplyFilter.escapePatience)
        #expect(filter.flush(at: 10 + ReplyFilter.escapePatience - 1) == [])
        #expect(filter.flush(at: 10 + ReplyFilter.escapePatience) == [.typed("\u{1b}")])
        #expect(filter.due == nil)
        // Alt and a letter, two Escapes, an unknown key's sequence: as without a question.
        for text in ["\u{1b}x", "\u{1b}\u{1b}", "\u{1b}[1;5A", "\u{1b}["] {
            #expect(run([text], filter: &filter).typed == text)
        }
        #expect(filter.isAwaiting)
    }

    @Test func aKeyWithoutACharacterLetsGoWhatIsHeld() {
        var filter = asked()
        _ = filter.take("\u{1b}", at: 0)
        _ = filter.take("[", at: 0)
        #expect(filter.interrupt() == [.typed("\u{1b}"), .typed("[")])
        #expect(filter.interrupt() == [])
    }

    @Test func theKeyboardIsNeverLocked() {
        // An answer without an end: Ctrl-C and Enter get through at once, everything after a pause.
        for key in ["\u{3}", "\r"] {
            var filter = asked()
            #expect(run(["\u{1b}]11;rgb:" + key + "q"], filter: &filter).typed == key + "q")
        }
        var filter = asked()
        #expect(run(["\u{1b}]11;rgb:", "q"], gap: ReplyFilter.answerPatience, filter: &filter).typed == "q")
        // Cut short by another one.
        filter = asked()
        let (typed, backgrounds) = run(["\u{1b}]11;rgb:ff" + Self.light + Self.fence + "q"], filter: &filter)
        #expect(typed == "q" && backgrounds == [true])
    }

    @Test func hostileAnswersSayNothing() {
        let long = String(repeating: "f", count: 100_000)
        let texts = [
            "\u{1b}]11;rgb:\(long)\u{7}", "\u{1b}]11;\u{7}", "\u{1b}]52;c;cm0gLXJm\u{7}", "\u{1b}]0;owned\u{1b}\\",
            "\u{1b}]\u{7}", "\u{1b}[?\(String(repeating: "1;", count: 50_000))h", "\u{1b}]11;rgb:zz/zz/zz\u{1b}\\",
            "\u{1b}]11;rgb:ff/ff\u{7}", "\u{1b}]4;1;rgb:ff/ff/ff\u{7}", "\u{1b}[?1u",
        ]
        for text in texts {
            var filter = asked()
            let (typed, backgrounds) = run([text, "q"], filter: &filter)
            #expect(typed == "q" && backgrounds.isEmpty, "\(text.prefix(20).debugDescription)")
        }
    }
}

@Suite struct TerminalBackgroundTests {
    @Test(arguments: [
        ("11;rgb:ffff/ffff/ffff", true), ("11;rgb:0000/0000/0000", false), ("11;rgb:f/f/f", true),
        ("11;rgb:fd/f6/e3", true), ("11;rgb:00/2b/36", false), ("11;rgba:ffff/ffff/ffff/0000", true),
        ("11;#ffffff", true), ("11;#1e1e1e", false), ("11;rgb:0000/0000/ffff", false), ("11;rgb:ffff/ffff/0000", true),
    ])
    func answersAreRead(answer: String, isLight: Bool) {
        #expect(TerminalBackground.isLight(answer: answer) == isLight)
    }

    @Test(arguments: [
        "", "11;", "10;rgb:ff/ff/ff", "11;rgb:", "11;rgb://", "11;rgb:fffff/ff/ff", "11;rgb:-f/ff/ff", "11;#fff",
        "11;#ééé", "11;white", "11;rgb:ff/ff/ff/ff", "11;rgb:٣/ff/ff", "11;#+1ffff",
    ])
    func anythingElseIsNoAnswer(answer: String) { #expect(TerminalBackground.isLight(answer: answer) == nil) }
}
