import Terminal
import Testing

@Suite struct DirectColorPainterTests {
    private let red = Style(foreground: .rgb(red: 255, green: 0, blue: 1), background: .indexed(8), attributes: .bold)

    private func text(_ grid: CellGrid, since earlier: CellGrid?, width: Int = 8, height: Int = 2) -> String {
        let painter = DirectColorPainter(width: width, height: height) { $0 != "\u{1F600}" }
        return String(decoding: painter.bytes(grid.changes(since: earlier), of: grid), as: UTF8.self)
            .replacing("\u{1b}", with: "^")
    }

    @Test func onlyChangedCellsAreSentWithTheirColors() {
        let before = CellGrid(width: 8, height: 2)
        var after = before
        after.put("ab", x: 3, y: 1, style: red)
        after.put("c", x: 5, y: 1, style: .plain)
        #expect(text(after, since: before) == "^[2;4H^[0;1;38;2;255;0;1;100mab^[0mc^[0m")
        #expect(text(after, since: after).isEmpty)
    }

    @Test func paletteColorsKeepTheirNumbers() {
        let before = CellGrid(width: 3, height: 1)
        var after = before
        after.put("a", x: 0, y: 0, style: Style(foreground: .indexed(9), background: .indexed(4)))
        after.put("b", x: 1, y: 0, style: Style(foreground: .indexed(200), attributes: [.underline, .reverse, .dim]))
        #expect(text(after, since: before) == "^[1;1H^[0;91;44ma^[0;2;4;7;38;5;200mb^[0m")
    }

    @Test func wideGlyphsFitOrBecomeSigns() {
        let before = CellGrid(width: 4, height: 1)
        var after = before
        after.put("\u{65E5}\u{1F600}", x: 0, y: 0, style: .plain)
        // The terminal counts the second one otherwise.
        #expect(text(after, since: before) == "^[1;1H^[0m\u{65E5}??^[0m")
        // Half of the last glyph lies outside of a smaller screen.
        #expect(text(after, since: before, width: 1) == "^[1;1H^[0m?^[0m")
    }

    @Test func nothingIsSentForWhatLiesOutside() {
        var grid = CellGrid(width: 20, height: 5)
        grid.put(String(repeating: "x", count: 20), x: 0, y: 4, style: .plain)
        let sent = text(grid, since: nil, width: 4, height: 2)
        #expect(!sent.contains("x") && sent.contains("^[2;1H") && !sent.contains("^[3;1H"))
    }
}
