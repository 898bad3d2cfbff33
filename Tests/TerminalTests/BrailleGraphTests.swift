import Terminal
import Testing

@Suite struct BrailleGraphTests {
    private func draw(_ samples: [Double?], width: Int, height: Int, glyphs: GlyphSet, mark: Unicode.Scalar? = nil)
        -> String
    {
        var grid = CellGrid(width: width, height: height)
        BrailleGraph(
            series: [.init(samples: samples, style: .plain, mark: mark)],
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

    @Test func marksStandBesideTheEndsOfLines() {
        var grid = CellGrid(width: 5, height: 3)
        let ends: [(Double?, Unicode.Scalar)] = [(10, "a"), (0, "b"), (0.1, "c"), (nil, "d")]
        let graph = BrailleGraph(
            series: ends.map { BrailleGraph.Series(samples: [$0.0], style: .plain, mark: $0.1) },
            scale: GraphScale(peak: 10, floor: 1),
            axisStyle: .plain,
            scaleStyle: .plain,
            glyphs: .ascii
        )
        graph.draw(into: &grid, grid.bounds)
        // Two lines that end in one cell share a mark; without a newest sample there is none.
        #expect(grid.plainText == "   'a\n\n   .b")
        #expect(BrailleGraph.samplesShown(width: 5, glyphs: .ascii, hasMarks: true) == 4)
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
                    let samples: [Double?] = [1, .nan, nil, .infinity, -5, 1e300]
                    _ = draw(samples, width: width, height: height, glyphs: glyphs)
                    _ = draw(samples, width: width, height: height, glyphs: glyphs, mark: "a")
                }
            }
        }
    }
}
