/// What a terminal understands beyond its entry in terminfo, by what the environment says of it.
package struct TerminalAbilities: Hashable, Sendable {
    /// Whether it takes strings to the terminal itself (OSC): those that don't may print them on the screen.
    package let takesStrings: Bool
    /// Whether its font has the glyphs of braille and the eighths of a block: the kernel's fonts end at 512 glyphs, and
    /// show the same sign for all others.
    package let hasFineGlyphs: Bool
    /// How text gets to the clipboard.
    package let clipboard: ClipboardSequence.Route

    /// Hardware of old and the consoles of kernels: names, or what a name with a dash begins with.
    private static let plain: Set<String> = [
        "", "ansi", "cons25", "dumb", "eterm", "linux", "sun", "unknown", "vt52", "vt100", "vt102", "vt220", "vt320",
        "wsvt25", "wy50", "wy60",
    ]

    package init(environment: [String: String]) {
        let name = environment["TERM"] ?? ""
        let family = name.split(separator: "-").first.map(String.init) ?? ""
        hasFineGlyphs = family != "linux"
        takesStrings = !Self.plain.contains(family)
        if environment["TMUX"]?.isEmpty == false {
            clipboard = .tmux
        } else if environment["STY"]?.isEmpty == false {
            clipboard = .screen
        } else {
            clipboard = .terminal
        }
    }
}
