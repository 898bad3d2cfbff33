extension Style {
    /// Below this contrast, text whose colours the terminal doesn't have becomes black or white.
    private static let leastContrast = 3.0

    /// The nearest style that a terminal of this depth has. Of two colours that fall on one, or too near to each other
    /// to be read, the foreground becomes black or white: readable comes before the hue.
    package func reduced(to depth: ColorDepth) -> Style {
        guard depth != .trueColor else { return self }
        var reduced = Style(
            foreground: foreground.reduced(to: depth),
            background: background.reduced(to: depth),
            attributes: attributes
        )
        if depth == .ansi8, case .indexed(let index) = foreground, (9..<16).contains(index) {
            // Such terminals show the bright half of the palette by bold. (8 is left out: bold black is invisible on
            // some of them.)
            reduced.attributes.insert(.bold)
        }
        if let contrast = Color.contrast(reduced.foreground, reduced.background), contrast < Self.leastContrast {
            reduced.foreground = Self.readable(on: reduced.background, depth: depth)
        }
        return reduced
    }

    private static func readable(on background: Color, depth: ColorDepth) -> Color {
        let white = Color.indexed(depth == .ansi8 ? 7 : 15)
        let black = Color.indexed(0)
        let (onWhite, onBlack) = (Color.contrast(white, background) ?? 0, Color.contrast(black, background) ?? 0)
        return onWhite >= onBlack ? white : black
    }
}
