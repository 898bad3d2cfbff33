import Terminal
import Testing

@Suite struct SafeTextTests {
    @Test func bytesThatAreNotTextAreShown() {
        #expect(SafeText.display(bytes: [0x61, 0xff, 0xc3, 0xa9, 0xe2, 0x82, 0x00]) == "a\\xffé\\xe2\\x82\\x00")
        #expect(SafeText.display(bytes: Array(repeating: 0x61, count: 100), limit: 3) == "aaa")
    }

    @Test func truncationCountsColumns() {
        #expect(SafeText.truncated("abcdef", to: 6) == "abcdef")
        #expect(SafeText.truncated("abcdef", to: 4) == "abc…")
        #expect(SafeText.truncated("日本語", to: 5) == "日本…")
        #expect(SafeText.truncated("日本語", to: 4) == "日…")
        #expect(SafeText.truncated("x", to: 0).isEmpty)
        #expect(SafeText.fitted("7", to: 3, align: .right) == "  7")
    }

    @Test func fittedIsAlwaysExact() {
        let pool: [Unicode.Scalar] = ["a", "日", "\u{1b}", "\u{301}", "😀", "\u{202e}", "\\"]
        for _ in 0..<1_000 {
            let text = String(
                String.UnicodeScalarView((0..<Int.random(in: 0...12)).compactMap { _ in pool.randomElement() })
            )
            let width = Int.random(in: 0...20)
            #expect(SafeText.width(SafeText.fitted(text, to: width)) == width)
            #expect(SafeText.display(SafeText.display(text)) == SafeText.display(text))
        }
    }
}
