import Terminal
import Testing

@Suite struct TimeGraphTests {
    private func draw(
        _ samples: [Double?],
        width: Int,
        height: Int,
        glyphs: GlyphSet = .unicode,
        set: GraphSet = .braille,
        mark: Unicode.Scalar? = nil,
        isFilled: Bool = false
    ) -> String {
        var grid = CellGrid(width: width, height: height)
        TimeGraph(
            series: [.init(samples: samples, style: .plain, isFilled: isFilled, mark: mark)],
            scale: GraphScale(peak: 10, floor: 1),
            axisStyle: .plain,
            scaleStyle: .plain,
            glyphs: glyphs,
            set: set
        ).draw(into: &grid, grid.bounds)
        return grid.plainText
    }

    @Test func newestIsAtTheRightAndGapsStayEmpty() {
        #expect(draw([0, nil, 10], width: 2, height: 1, glyphs: .unicode) == "⢀⠈")
        #expect(draw([0, nil, 10], width: 4, height: 1, glyphs: .ascii) == " . '")
    }

    @Test func blocksAreBarsOfEighths() {
        // 16 levels on two lines: the lowest, the highest, a gap, the ninth.
        let bars = draw([0, 10, nil, 5], width: 4, height: 2, set: .block, isFilled: true)
        #expect(bars == " █ ▁\n▁█ █")
        #expect(draw([0, 10, nil, 5], width: 4, height: 1, set: .block, isFilled: true) == "▁█ ▅")
        // A line is its upper end; a rise is as high as the step.
        #expect(draw([0, 10, 10], width: 3, height: 2, set: .block) == " ██\n▁█")
    }

    @Test func aGapIsNeverDrawnAsZero() {
        for set in GraphSet.allCases {
            for isFilled in [true, false] {
                #expect(draw([nil, nil, nil, nil], width: 4, height: 2, set: set, isFilled: isFilled).isEmpty)
                #expect(!draw([nil, nil, 0, 0], width: 4, height: 2, set: set, isFilled: isFilled).isEmpty)
            }
        }
        // Nor joined over: the line goes on after it as if it began there.
        #expect(draw([0, nil, 10], width: 3, height: 2, set: .ascii) == "  '\n.")
    }

    @Test func withoutUnicodeEverySetIsAscii() {
        for set in GraphSet.allCases {
            #expect(draw([0, 5, 10], width: 3, height: 2, glyphs: .ascii, set: set) == " .'\n.'")
        }
    }

    @Test func marksStandBesideTheEndsOfLines() {
        var grid = CellGrid(width: 5, height: 3)
        let ends: [(Double?, Unicode.Scalar)] = [(10, "a"), (0, "b"), (0.1, "c"), (nil, "d")]
        let graph = TimeGraph(
            series: ends.map { TimeGraph.Series(samples: [$0.0], style: .plain, mark: $0.1) },
            scale: GraphScale(peak: 10, floor: 1),
            axisStyle: .plain,
            scaleStyle: .plain,
            glyphs: .ascii
        )
        graph.draw(into: &grid, grid.bounds)
        // Two lines that end in one cell share a mark; without a newest sample there is none.
        #expect(grid.plainText == "   'a\n\n   .b")
        #expect(TimeGraph.samplesShown(width: 5, set: .ascii, hasMarks: true) == 4)
        #expect(TimeGraph.samplesShown(width: 5, set: .braille) == 10)
        #expect(TimeGraph.samplesShown(width: 20, set: .block) == 14)
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
                for set in GraphSet.allCases {
                    let samples: [Double?] = [1, .nan, nil, .infinity, -5, 1e300]
                    _ = draw(samples, width: width, height: height, set: set)
                    _ = draw(samples, width: width, height: height, set: set, mark: "a", isFilled: true)
                }
            }
        }
    }
}
