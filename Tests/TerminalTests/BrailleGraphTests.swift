import Terminal
import Testing

@Suite struct BrailleGraphTests {
    private func draw(_ samples: [Double?], width: Int, height: Int, glyphs: GlyphSet) -> String {
        var grid = CellGrid(width: width, height: height)
        BrailleGraph(
            series: [.init(samples: samples, style: .plain)],
            scale: GraphScale(peak: 10, floor: 1),
            axisStyle: .plain,
            scaleStyle: .plain,
            glyphs: glyphs
        ).draw(into: &grid, grid.bounds)
        return grid.plainText
    }

    @Test func newestIsAtTheRightAndGapsStayEmpty() {
        #expect(draw([0, nil, 10], width: 2, height: 1, glyphs: .unicode) == "⢀⠈")
        #expect(draw([0, nil, 10], width: 4, height: 1, glyphs: .ascii) == " . '")
    }

    @Test func axisShowsTheScale() {
        #expect(draw([], width: 14, height: 2, glyphs: .ascii) == "   10+\n    0+")
    }

    @Test func scaleIsRoundAndSteady() {
        #expect(GraphScale(peak: 1_001, floor: 10).maximum == 2_000)
        #expect(GraphScale(peak: 0, floor: 10).maximum == 10)
        let before = GraphScale(peak: 1_900, floor: 10)
        #expect(GraphScale(peak: 990, floor: 10, previous: before).maximum == 2_000)
        #expect(GraphScale(peak: 400, floor: 10, previous: before).maximum == 500)
        #expect([0, 950, 1_250, 25_000, 3e6].map(GraphScale.label) == ["0", "950", "1.3k", "25k", "3M"])
    }

    @Test func everySizeIsSafe() {
        for width in 0..<20 {
            for height in 0..<8 {
                for glyphs in [GlyphSet.unicode, .ascii] {
                    _ = draw([1, .nan, nil, .infinity, -5, 1e300], width: width, height: height, glyphs: glyphs)
                }
            }
        }
    }
}
