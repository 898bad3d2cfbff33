/// One column of the screen. A glyph of two columns is its scalar in the left cell and `trailing` in the right one.
package struct Cell: Hashable, Sendable {
    /// What the terminal prints here; U+0000 marks the right half of the glyph on the left.
    package var scalar: Unicode.Scalar
    package var style: Style

    package init(_ scalar: Unicode.Scalar, style: Style = .plain) {
        self.scalar = scalar
        self.style = style
    }

    /// A space.
    package static func blank(_ style: Style = .plain) -> Cell { Cell(" ", style: style) }

    /// The right half of a glyph of two columns.
    package static func trailing(_ style: Style) -> Cell { Cell("\0", style: style) }

    package var isTrailing: Bool { scalar == "\0" }
}
