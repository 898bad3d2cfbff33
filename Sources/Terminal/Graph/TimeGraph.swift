/// A graph of several series over time, made of dots, bars or ASCII marks. The newest sample stands at the right edge;
/// what does not fit at the left is not shown, and what was not measured is a gap.
package struct TimeGraph: Sendable {
    /// Values in order of time, equally spaced; nil where nothing was measured: a gap, not a zero.
    package struct Series: Sendable {
        package var samples: [Double?]
        package var style: Style
        /// Fills what is below the line.
        package var isFilled: Bool
        /// Stands right of the newest sample, so that lines are told apart without colours.
        package var mark: Unicode.Scalar?

        package init(samples: [Double?], style: Style, isFilled: Bool = false, mark: Unicode.Scalar? = nil) {
            self.samples = samples
            self.style = style
            self.isFilled = isFilled
            self.mark = mark
        }
    }

    /// In a cell that several series cross, the later one gives the colour.
    package var series: [Series]
    package var scale: GraphScale
    package var axisStyle: Style
    package var scaleStyle: Style
    /// For the axis; `set` is drawn as far as these can.
    package var glyphs: GlyphSet
    package let set: GraphSet

    package init(
        series: [Series],
        scale: GraphScale,
        axisStyle: Style,
        scaleStyle: Style,
        glyphs: GlyphSet,
        set: GraphSet = .braille
    ) {
        self.series = series
        self.scale = scale
        self.axisStyle = axisStyle
        self.scaleStyle = scaleStyle
        self.glyphs = glyphs
        self.set = set.drawable(with: glyphs)
    }

    /// The columns that the axis labels and the axis take at the left.
    package static let axisColumns = 6

    /// How many samples are seen in a graph of this width, with marks or without.
    package static func samplesShown(width: Int, set: GraphSet, hasMarks: Bool = false) -> Int {
        max(0, plotWidth(width) - (hasMarks ? 1 : 0)) * set.dotsAcross
    }

    /// The largest of all samples; 0 if there are none.
    package static func peak(of samples: [[Double?]]) -> Double {
        samples.lazy.flatMap { $0.lazy.compactMap { $0 } }.filter(\.isFinite).max() ?? 0
    }

    /// Narrow graphs have no room for an axis.
    private static func plotWidth(_ width: Int) -> Int { width > 2 * axisColumns ? width - axisColumns : max(0, width) }

    package func draw(into grid: inout CellGrid, _ rect: Rect) {
        guard !rect.isEmpty else { return }
        let plot = TimeGraph.plotWidth(rect.width)
        if plot < rect.width { drawAxis(into: &grid, rect) }
        let marks = series.contains { $0.mark != nil } ? 1 : 0
        let area = Rect(x: rect.endX - plot, y: rect.y, width: plot - marks, height: rect.height)
        var canvas = GraphCanvas(
            width: min(area.width, CellGrid.largestSide),
            height: min(area.height, CellGrid.largestSide),
            set: set
        )
        for (index, one) in series.enumerated() { plotSeries(one, index: index, on: &canvas) }
        for y in 0..<canvas.height {
            for x in 0..<canvas.width {
                guard let (scalar, owner) = canvas.glyph(x: x, y: y) else { continue }
                let under = grid[area.x + x, area.y + y].style.background
                grid.place(scalar, x: area.x + x, y: area.y + y, style: series[owner].style.on(under))
            }
        }
        if marks > 0 { drawMarks(into: &grid, x: area.endX, area, dots: canvas.dotRows) }
    }

    /// Of lines that end at the same height the first one's mark is seen; their values are the same.
    private func drawMarks(into grid: inout CellGrid, x: Int, _ area: Rect, dots: Int) {
        var taken: Set<Int> = []
        for one in series {
            guard let mark = one.mark, let newest = one.samples.last ?? nil,
                let level = level(of: newest, dots: dots)
            else { continue }
            let y = area.endY - 1 - level * area.height / dots
            guard taken.insert(y).inserted else { continue }
            grid.place(mark, x: x, y: y, style: one.style.on(grid[x, y].style.background))
        }
    }

    private func plotSeries(_ one: Series, index: Int, on canvas: inout GraphCanvas) {
        let shown = one.samples.suffix(canvas.dotColumns)
        var column = canvas.dotColumns - shown.count
        var before: Int?
        for sample in shown {
            let height = sample.flatMap { level(of: $0, dots: canvas.dotRows) }
            if let height {
                let from = one.isFilled ? 0 : before.map { $0 < height ? $0 + 1 : min($0 - 1, height) } ?? height
                for level in min(max(0, from), height)...max(from, height) {
                    canvas.set(column: column, level: level, owner: index)
                }
            }
            before = height
            column += 1
        }
    }

    /// The dot row of a value, 0 at the bottom. Values beyond the scale stay at the edge.
    private func level(of value: Double, dots: Int) -> Int? {
        guard value.isFinite, dots > 0 else { return nil }
        let part = min(max(0, value / scale.maximum), 1)
        return Int((part * Double(dots - 1)).rounded())
    }

    private func drawAxis(into grid: inout CellGrid, _ rect: Rect) {
        let labels = TimeGraph.axisColumns - 1
        let vertical = Rect(x: rect.x + labels, y: rect.y, width: 1, height: rect.height)
        for y in vertical.y..<vertical.endY {
            let under = grid[vertical.x, y].style.background
            grid.place(glyphs.vertical, x: vertical.x, y: y, style: axisStyle.on(under))
        }
        var marks = [(row: 0, value: scale.maximum)]
        if rect.height >= 2 { marks.append((rect.height - 1, 0)) }
        if rect.height >= 5, rect.height % 2 == 1 { marks.append((rect.height / 2, scale.maximum / 2)) }
        for mark in marks {
            let text = SafeText.fitted(GraphScale.label(mark.value), to: labels, align: .right, ellipsis: "~")
            let under = grid[rect.x, rect.y + mark.row].style.background
            grid.put(text, x: rect.x, y: rect.y + mark.row, style: scaleStyle.on(under))
            if mark.row < rect.height {
                let style = axisStyle.on(under)
                grid.place(glyphs.teeRight, x: vertical.x, y: rect.y + mark.row, style: style)
            }
        }
    }
}
