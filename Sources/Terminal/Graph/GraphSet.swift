/// What the lines of a graph are made of.
package enum GraphSet: String, CaseIterable, Sendable {
    /// Dots, 2 × 4 in a cell: the finest.
    case braille
    /// Bars in eighths of a cell, for fonts without braille and for eyes that take dots for noise.
    case block
    /// Marks, 1 × 2 in a cell, for where there is no Unicode.
    case ascii

    /// This set, or the one that can be drawn with these glyphs.
    package func drawable(with glyphs: GlyphSet) -> GraphSet { glyphs.isUnicode ? self : .ascii }

    /// Samples in a column.
    var dotsAcross: Int { self == .braille ? 2 : 1 }

    /// Levels in a line.
    var dotsDown: Int {
        switch self {
        case .braille: 4
        case .block: 8
        case .ascii: 2
        }
    }
}
