/// What `shoal console --theme-check` prints about a theme: every role, its colours and how they can be told apart with
/// all colours, with 256 and with 16.
package enum ThemeReport {
    private static let depths: [ColorDepth] = [.trueColor, .indexed256, .ansi16]

    package static func lines(_ theme: Theme) -> [String] {
        let contrast = ThemeContrast(theme)
        let names = contrast.entries.map(\.name.count).max() ?? 0
        let colors = contrast.entries.map { text($0.style).count }.max() ?? 0
        var lines = [
            "\(padded("theme \(theme.name)", names + 2))  \(padded("colours", colors))  contrast    256     16"
        ]
        for entry in contrast.entries {
            let ratios = depths.map { right(text(entry.ratio(at: $0)), $0 == .trueColor ? 8 : 7) }.joined()
            let verdict = entry.isReadable ? "" : "  below \(text(entry.least))"
            lines.append("  \(padded(entry.name, names))  \(padded(text(entry.style), colors))\(ratios)\(verdict)")
        }
        lines.append(summary(contrast, name: theme.name))
        return lines
    }

    private static func summary(_ contrast: ThemeContrast, name: String) -> String {
        let unreadable = contrast.unreadable
        guard unreadable.isEmpty else {
            let list = unreadable.map { "\($0.name) \(text($0.ratio()))" }.joined(separator: ", ")
            return "\(name): \(unreadable.count) of \(contrast.entries.count) cannot be read well: \(list)"
        }
        let judged = contrast.entries.filter { $0.isText && $0.ratio() != nil }
        guard let least = judged.min(by: { ($0.ratio() ?? 0) < ($1.ratio() ?? 0) }) else {
            return "\(name): all in the terminal's own colours, which are its user's to judge"
        }
        return "\(name): well readable; the least of a text is \(text(least.ratio())) (\(least.name))"
    }

    /// Cut, not rounded: 4.49 must not look like 4.5.
    private static func text(_ ratio: Double?) -> String {
        guard let ratio else { return "own" }
        let tenths = Int((ratio * 10).rounded(.down))
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func text(_ style: Style) -> String {
        let attributes: [(Style.Attributes, String)] = [
            (.bold, "bold"), (.dim, "dim"), (.reverse, "reverse"), (.underline, "underline"),
        ]
        let set = attributes.filter { style.attributes.contains($0.0) }.map { " " + $0.1 }.joined()
        return "\(style.foreground.text) on \(style.background.text)\(set)"
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        SafeText.fitted(text, to: max(width, SafeText.width(text)))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        SafeText.fitted(text, to: width, align: .right)
    }
}
