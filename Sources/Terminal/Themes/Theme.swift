/// Styles by role. A role that the theme says nothing of takes the style of its group (`table.header` -> `table` ->
/// `text`), and a part left out (`state.failed = red` has no background) comes from there, too.
package struct Theme: Equatable, Sendable {
    /// What one line of a theme file says; nil is left to the fallback.
    package struct Entry: Equatable, Sendable {
        var foreground: Color?
        var background: Color?
        var attributes: Style.Attributes
    }

    package let name: String
    private var styles: [ThemeRole: Style]

    package init(name: String, entries: [String: Entry]) {
        self.name = name
        styles = [:]
        for role in ThemeRole.allCases { styles[role] = Theme.resolve(role.rawValue, in: entries) }
    }

    private static func resolve(_ name: String, in entries: [String: Entry]) -> Style {
        let found = ThemeRole.fallbacks(of: name).compactMap { entries[$0] }
        return Style(
            foreground: found.lazy.compactMap(\.foreground).first ?? .terminal,
            background: found.lazy.compactMap(\.background).first ?? .terminal,
            attributes: found.first?.attributes ?? []
        )
    }

    /// The style of a role. Never fails: the last resort is the terminal's own colours.
    package func style(_ role: ThemeRole) -> Style { styles[role] ?? .plain }

    /// Whether anything has a colour other than the terminal's own: where not, attributes and glyphs have to tell.
    package var hasColors: Bool { styles.values.contains { $0.foreground != .terminal || $0.background != .terminal } }

    package subscript(role: ThemeRole) -> Style { style(role) }

    /// The theme for a terminal that shows fewer colours. Without any, roles that had a background of their own are
    /// reversed, and the selection is always seen.
    package func reduced(to depth: ColorDepth) -> Theme {
        guard depth != .trueColor else { return self }
        var reduced = self
        let screen = style(.text).background
        for (role, style) in styles {
            reduced.styles[role] =
                depth == .mono
                ? Theme.withoutColors(style, highlighted: style.background != screen || Theme.mustStandOut(role))
                : Theme.reduce(style, to: depth)
        }
        return reduced
    }

    private static func mustStandOut(_ role: ThemeRole) -> Bool {
        role == .tableSelected || role == .dialogButtonSelected || role == .inputCursor
    }

    private static func withoutColors(_ style: Style, highlighted: Bool) -> Style {
        Style(attributes: highlighted ? style.attributes.union(.reverse) : style.attributes)
    }

    private static func reduce(_ style: Style, to depth: ColorDepth) -> Style {
        var reduced = Style(
            foreground: style.foreground.reduced(to: depth),
            background: style.background.reduced(to: depth),
            attributes: style.attributes
        )
        // Two colours may fall on one: then text is black or white, whichever is seen.
        if reduced.foreground == reduced.background, reduced.foreground != .terminal {
            let isDark = (reduced.background.luminance ?? 0) < 0.18
            reduced.foreground = .indexed(isDark ? (depth == .ansi8 ? 7 : 15) : 0)
        }
        return reduced
    }
}
