/// The non-ASCII glyphs the console draws with, and what stands for them where the locale is not UTF-8.
package struct GlyphSet: Sendable, Equatable {
    package var horizontal: Unicode.Scalar
    package var vertical: Unicode.Scalar
    package var topLeft: Unicode.Scalar
    package var topRight: Unicode.Scalar
    package var bottomLeft: Unicode.Scalar
    package var bottomRight: Unicode.Scalar
    package var teeLeft: Unicode.Scalar
    package var teeRight: Unicode.Scalar
    package var ellipsis: Unicode.Scalar
    /// Before the selected row, so that it is seen without colours too.
    package var marker: Unicode.Scalar
    package var bullet: Unicode.Scalar
    package var sortUp: Unicode.Scalar
    package var sortDown: Unicode.Scalar
    package var arrowRight: Unicode.Scalar
    /// A progress bar: done, and still to do.
    package var barFull: Unicode.Scalar
    package var barEmpty: Unicode.Scalar
    package var isUnicode: Bool

    package static let unicode = GlyphSet(
        horizontal: "─",
        vertical: "│",
        topLeft: "┌",
        topRight: "┐",
        bottomLeft: "└",
        bottomRight: "┘",
        teeLeft: "├",
        teeRight: "┤",
        ellipsis: "…",
        marker: "▶",
        bullet: "●",
        sortUp: "▲",
        sortDown: "▼",
        arrowRight: "→",
        barFull: "█",
        barEmpty: "░",
        isUnicode: true
    )

    package static let ascii = GlyphSet(
        horizontal: "-",
        vertical: "|",
        topLeft: "+",
        topRight: "+",
        bottomLeft: "+",
        bottomRight: "+",
        teeLeft: "+",
        teeRight: "+",
        ellipsis: "~",
        marker: ">",
        bullet: "*",
        sortUp: "^",
        sortDown: "v",
        arrowRight: ">",
        barFull: "#",
        barEmpty: ".",
        isUnicode: false
    )
}
