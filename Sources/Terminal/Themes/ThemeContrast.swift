/// How well a theme can be read: the WCAG 2 contrast of everything that is drawn with it.
package struct ThemeContrast: Sendable {
    /// What text needs (WCAG 2.2, 1.4.3), and what frames, bars and other lines need (1.4.11).
    package static let leastForText = 4.5
    package static let leastForLines = 3.0

    /// One role, or one on the background of another.
    package struct Entry: Sendable {
        /// `text.dim`, `text.dim on dialog`.
        package let name: String
        package let style: Style
        package let isText: Bool

        package var least: Double { isText ? ThemeContrast.leastForText : ThemeContrast.leastForLines }

        /// 1 to 21 on a terminal of this depth; nil where one of the two colours is the terminal's own.
        package func ratio(at depth: ColorDepth = .trueColor) -> Double? {
            let shown = style.reduced(to: depth)
            return Color.contrast(shown.foreground, shown.background)
        }

        /// Whether it can be read with all its colours; what nobody can know is not judged.
        package var isReadable: Bool { ratio().map { $0 >= least } ?? true }
    }

    package let entries: [Entry]

    package init(_ theme: Theme) {
        let roles = ThemeRole.allCases.map {
            Entry(name: $0.rawValue, style: theme[$0], isText: !ThemeContrast.lines.contains($0))
        }
        let onDialogs = ThemeContrast.onDialogs.map {
            Entry(name: "\($0.rawValue) on dialog", style: theme[$0].on(theme[.dialog].background), isText: true)
        }
        entries = roles + onDialogs
    }

    package var unreadable: [Entry] { entries.filter { !$0.isReadable } }

    /// What is told by lines and filled cells, never by words alone.
    private static let lines: Set<ThemeRole> = [
        .frame, .frameDevelopment, .frameStaging, .frameProduction, .frameFocused, .graphAxis, .progressDone,
        .progressLeft, .heat1, .heat2, .heat3, .heat4,
    ]

    /// Roles that dialogs, help and completion draw on their own background.
    private static let onDialogs: [ThemeRole] = [.textDim, .key, .hint]
}
