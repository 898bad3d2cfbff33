import Terminal
import Testing

@Suite struct KeyTests {
    @Test func namesReadBack() {
        for key in [Key.up, .enter, .escape, .backTab, .character("q"), .character(" "), .ctrl("l"), .function(5)] {
            #expect(Key(name: key.name) == key)
        }
        #expect(Key(name: "nonsense") == nil)
    }

    @Test func controlsBecomeKeys() {
        #expect(Key(control: "\u{3}") == .ctrl("c"))
        #expect(Key(control: "\r") == .enter)
        #expect(Key(control: "a") == nil)
    }

    @Test func pasteIsTextNotKeys() {
        var inbox = TerminalInbox()
        inbox.beginPaste(at: 0)
        for scalar in "a\r\u{1b}b".unicodeScalars { inbox.append(pasted: scalar, limit: 3, at: 1) }
        #expect(inbox.endPaste() == .paste("a\nb"))
        #expect(!inbox.isPasting)
    }

    @Test func deadTerminalHangsUp() {
        var inbox = TerminalInbox()
        for _ in 0..<TerminalInbox.mostEmptyReads { inbox.noteReadable(isBroken: false) }
        #expect(inbox.nextNotice() == nil)
        inbox.noteReadable(isBroken: false)
        #expect(inbox.nextNotice() == .hangUp)
    }
}
