import Console
import Testing

/// Lines of an input that comes in pieces of any size.
@Suite struct LineSplitterTests {
    private func lines(_ bytes: [UInt8], piece: Int) -> [LineSplitter.Line] {
        var splitter = LineSplitter()
        var lines: [LineSplitter.Line] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            splitter.add(rest.prefix(piece))
            rest = rest.dropFirst(piece)
            while let line = splitter.next() { lines.append(line) }
        }
        return lines + (splitter.last().map { [$0] } ?? [])
    }

    @Test(arguments: [1, 2, 7, 4_096, 200_000]) func piecesMakeNoDifference(piece: Int) {
        let long = String(repeating: "x", count: LineSplitter.lineBytesMax)
        let text = "put a b\r\n\n漢字\n\(long)\n\(long)x\nquit"
        #expect(
            lines(Array(text.utf8), piece: piece) == [
                .text("put a b"), .text(""), .text("漢字"), .text(long), .tooLong, .text("quit"),
            ]
        )
        #expect(lines(Array("a\n\(long)yy".utf8), piece: piece) == [.text("a"), .tooLong])
        #expect(lines([0x61, 0xFF, 10, 0x62, 10], piece: piece) == [.notText, .text("b")])
        #expect(lines([], piece: piece).isEmpty)
    }

    /// A source that never ends a line costs no memory.
    @Test func anEndlessLineIsNotKept() {
        var splitter = LineSplitter()
        let zeros = [UInt8](repeating: 0, count: 4_096)
        for _ in 0..<1_000 {
            splitter.add(zeros[...])
            #expect(splitter.next() == nil)
        }
        #expect(splitter.heldBytes == 0)
    }
}
