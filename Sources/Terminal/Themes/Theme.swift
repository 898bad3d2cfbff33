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
    /// reversed, and the selection and the frame of production are always seen.
    package func reduced(to depth: ColorDepth) -> Theme {
        guard depth != .trueColor else { return self }
        var reduced = self
        let screen = style(.text).background
        for (role, style) in styles {
            reduced.styles[role] =
                depth == .mono
                ? Theme.withoutColors(style, highlighted: style.background != screen || Theme.mustStandOut(role))
                : style.reduced(to: depth)
        }
        if [reduced[.frame], reduced[.frameDevelopment], reduced[.frameStaging]].contains(reduced[.frameProduction]) {
            // Of few colours, two frames may get the same; production's must never be taken for another.
            reduced.styles[.frameProduction]?.attributes.insert(.reverse)
        }
        return reduced
    }

    private static func mustStandOut(_ role: ThemeRole) -> Bool {
        [.tableSelected, .dialogButtonSelected, .inputCursor, .frameProduction].contains(role)
    }

    private static func withoutColors(_ style: Style, highlighted: Bool) -> Style {
        Style(attributes: highlighted ? style.attributes.union(.reverse) : style.attributes)
    }
}
