import Server
import Testing

@Suite struct GlobPatternTests {
    private func matches(_ pattern: String, _ text: String) -> Bool {
        Array(text.utf8).withUnsafeBytes { GlobPattern.matches(Array(pattern.utf8)[...], $0) }
    }

    @Test func elements() {
        for (pattern, text) in [
            ("", ""), ("*", ""), ("*", "abc"), ("a*", "a"), ("a*c", "abc"), ("*b*", "abc"), ("?", "a"), ("a?c", "abc"),
            ("[abc]", "b"), ("[a-c]", "b"), ("[c-a]", "b"), ("[^a]", "b"), ("\\*", "*"), ("[\\]]", "]"), ("a**b", "ab"),
            ("\\", "\\"), ("*a*b*c*", "xaxbxcx"), ("[^]", "x"), ("[a", "a"), ("[a-]", "^"),
        ] {
            #expect(matches(pattern, text), "\(pattern) \(text)")
        }
        for (pattern, text) in [
            ("", "a"), ("a", ""), ("?", ""), ("a*c", "ab"), ("[abc]", "d"), ("[^a]", "a"), ("\\*", "a"), ("[]", "a"),
            ("*a*b*c*", "xaxcxb"), ("a?", "a"), ("[a-]", "-"),
        ] {
            #expect(!matches(pattern, text), "\(pattern) \(text)")
        }
    }

    /// Backtracking over every star would take longer than the universe has been there.
    @Test func manyStarsDoNotExplode() {
        let pattern = String(repeating: "a*", count: 2000) + "b"
        #expect(!matches(pattern, String(repeating: "a", count: 8000)))
    }
}
