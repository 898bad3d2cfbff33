import Terminal
import Testing

@Suite struct CellGridTests {
    @Test func putClipsAtEveryEdge() {
        var grid = CellGrid(width: 5, height: 2)
        #expect(grid.put("abcdefgh", x: 2, y: 0, style: .plain) == 3)
        #expect(grid.put("abcdef", x: -3, y: 1, style: .plain) == 6)
        #expect(grid.put("no", x: 0, y: 2, style: .plain) == 0)
        #expect(grid.text(0) == "  abc")
        #expect(grid.text(1) == "def  ")
        #expect(grid.plainText == "  abc\ndef")
    }

    @Test func wideGlyphsAreWholeOrSpaces() {
        var grid = CellGrid(width: 5, height: 1)
        #expect(grid.put("日本語", x: 0, y: 0, style: .plain) == 5)
        #expect(grid.text(0) == "日本 ")
        grid.put("x", x: 1, y: 0, style: .plain)
        #expect(grid.text(0) == " x本 ")
        grid.put("y", x: 2, y: 0, style: .plain)
        #expect(grid.text(0) == " xy  ")
    }

    @Test func hostileTextIsEscaped() {
        var grid = CellGrid(width: 40, height: 1)
        grid.put("a\u{1b}[2J\u{202e}b\u{301}", x: 0, y: 0, style: .plain)
        #expect(grid.plainText == "a\\x1b[2J\\u{202e}b\\u{301}")
    }

    @Test func equalFramesHaveNoChanges() {
        var grid = CellGrid(width: 10, height: 3)
        let earlier = grid
        #expect(grid.changes(since: earlier).isEmpty)
        grid.put("日", x: 4, y: 1, style: .plain)
        let runs = grid.changes(since: earlier)
        #expect(runs.map(\.y) == [1] && runs.map(\.columns) == [4..<6])
        #expect(grid.changes(since: nil).count == 3)
    }

    @Test func randomDrawingKeepsColumnsAligned() {
        var random = SystemRandomNumberGenerator()
        let pool: [Unicode.Scalar] = ["a", "日", "\u{1b}", "\u{301}", "\u{200b}", "é", "😀", "\u{85}", " ", "\u{ffff}"]
        for _ in 0..<300 {
            var grid = CellGrid(width: .random(in: 0...30), height: .random(in: 0...6))
            for _ in 0..<12 {
                let text = String(
                    String.UnicodeScalarView((0..<8).compactMap { _ in pool.randomElement(using: &random) })
                )
                let (x, y) = (Int.random(in: -9...32), Int.random(in: -2...7))
                grid.put(text, x: x, y: y, style: .plain, maxWidth: .random(in: 0...20))
                grid.box(
                    Rect(x: x, y: y, width: .random(in: 0...12), height: .random(in: 0...5)),
                    glyphs: .unicode,
                    style: .plain,
                    title: text
                )
            }
            for y in 0..<grid.height {
                #expect(SafeText.width(grid.text(y)) == grid.width)
                for x in 0..<grid.width where grid[x, y].isTrailing {
                    #expect(x > 0 && DisplayWidth.columns(of: grid[x - 1, y].scalar) == 2)
                }
            }
        }
    }

    @Test func boxAndSplit() {
        var grid = CellGrid(width: 12, height: 3)
        grid.box(grid.bounds, glyphs: .ascii, style: .plain, title: "nodes")
        #expect(grid.plainText == "+- nodes --+\n|          |\n+----------+")
        let parts = grid.bounds.columns([.fixed(3), .flexible(), .flexible(weight: 2)])
        #expect(parts.map(\.width) == [3, 3, 6])
        #expect(Rect(width: 4, height: 1).columns([.fixed(3), .fixed(3)]).map(\.width) == [3, 1])
    }
}
