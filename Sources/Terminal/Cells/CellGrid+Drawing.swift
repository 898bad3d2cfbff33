extension CellGrid {
    /// Writes one line of text. Anything that is not plain text is shown escaped, as `SafeText` does; what lies left
    /// of column 0, right of the grid or beyond `maxWidth` columns is cut off.
    /// - Returns: the columns used, counted from `x`, also where they were cut off at the left.
    @discardableResult
    package mutating func put(_ text: String, x: Int, y: Int, style: Style, maxWidth: Int = .max) -> Int {
        guard y >= 0, y < height, x < width, maxWidth > 0 else { return 0 }
        let limit = min(width - x, maxWidth)
        var used = 0
        for scalar in text.unicodeScalars {
            if SafeText.isPlain(scalar) {
                let columns = DisplayWidth.columns(of: scalar)
                if used + columns > limit {
                    // A glyph of two columns with room for one.
                    if used < limit { place(" ", x: x + used, y: y, style: style) }
                    return limit
                }
                putGlyph(scalar, columns: columns, x: x + used, y: y, style: style)
                used += columns
            } else {
                for escaped in SafeText.escape(scalar).unicodeScalars where used < limit {
                    place(escaped, x: x + used, y: y, style: style)
                    used += 1
                }
            }
            if used >= limit { return limit }
        }
        return used
    }

    private mutating func putGlyph(_ scalar: Unicode.Scalar, columns: Int, x: Int, y: Int, style: Style) {
        if columns == 2, x == -1 {
            place(" ", x: 0, y: y, style: style)
        } else {
            place(scalar, x: x, y: y, style: style)
        }
    }

    /// Fills a rectangle with one glyph of one column.
    package mutating func fill(_ rect: Rect, with scalar: Unicode.Scalar = " ", style: Style) {
        let area = rect.intersection(bounds)
        for y in area.y..<area.endY {
            for x in area.x..<area.endX { place(scalar, x: x, y: y, style: style) }
        }
    }

    /// A horizontal line.
    package mutating func rule(x: Int, y: Int, width: Int, glyphs: GlyphSet, style: Style) {
        fill(Rect(x: x, y: y, width: width, height: 1), with: glyphs.horizontal, style: style)
    }

    /// A frame along the edge of a rectangle, with a title in its upper line. Rectangles below 2 × 2 get nothing.
    package mutating func box(
        _ rect: Rect,
        glyphs: GlyphSet,
        style: Style,
        title: String = "",
        titleStyle: Style? = nil
    ) {
        guard rect.width >= 2, rect.height >= 2 else { return }
        let (right, bottom) = (rect.endX - 1, rect.endY - 1)
        rule(x: rect.x, y: rect.y, width: rect.width, glyphs: glyphs, style: style)
        rule(x: rect.x, y: bottom, width: rect.width, glyphs: glyphs, style: style)
        let inner = rect.height - 2
        fill(Rect(x: rect.x, y: rect.y + 1, width: 1, height: inner), with: glyphs.vertical, style: style)
        fill(Rect(x: right, y: rect.y + 1, width: 1, height: inner), with: glyphs.vertical, style: style)
        place(glyphs.topLeft, x: rect.x, y: rect.y, style: style)
        place(glyphs.topRight, x: right, y: rect.y, style: style)
        place(glyphs.bottomLeft, x: rect.x, y: bottom, style: style)
        place(glyphs.bottomRight, x: right, y: bottom, style: style)
        guard !title.isEmpty, rect.width >= 6 else { return }
        let label = SafeText.truncated(title, to: rect.width - 6, ellipsis: glyphs.ellipsis)
        put(" \(label) ", x: rect.x + 2, y: rect.y, style: titleStyle ?? style, maxWidth: rect.width - 4)
    }

    /// Copies another grid in, its upper left cell to (x, y).
    package mutating func draw(_ other: CellGrid, x: Int, y: Int) {
        let area = Rect(x: x, y: y, width: other.width, height: other.height).intersection(bounds)
        for row in area.y..<area.endY {
            for column in area.x..<area.endX {
                let cell = other[column - x, row - y]
                if cell.isTrailing {
                    // The left half lies outside, or has been placed together with this one.
                    if column == area.x { place(" ", x: column, y: row, style: cell.style) }
                } else {
                    place(cell.scalar, x: column, y: row, style: cell.style)
                }
            }
        }
    }
}
