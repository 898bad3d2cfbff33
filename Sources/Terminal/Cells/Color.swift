import Glibc

/// A colour as a theme or a widget names it. What the terminal can show of it is decided by `reduced(to:)`.
package enum Color: Hashable, Sendable {
    /// The terminal's own foreground or background.
    case terminal
    /// Entry of the 256-colour palette; 0 to 15 are the terminal's named colours.
    case indexed(UInt8)
    case rgb(red: UInt8, green: UInt8, blue: UInt8)

    /// The names that a theme may use, in palette order 0 to 15.
    package static let names = [
        "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
        "bright-black", "bright-red", "bright-green", "bright-yellow",
        "bright-blue", "bright-magenta", "bright-cyan", "bright-white",
    ]

    /// Reads `default`, one of `names`, or `#rrggbb`; nil for anything else.
    package init?(parsing text: some StringProtocol) {
        if text == "default" {
            self = .terminal
        } else if let index = Color.names.firstIndex(where: { $0 == text }) {
            self = .indexed(UInt8(index))
        } else if text.utf8.count == 7, text.utf8.first == UInt8(ascii: "#"),
            text.utf8.dropFirst().allSatisfy(Color.isHexDigit), let value = UInt32(text.dropFirst(), radix: 16)
        {
            self = .rgb(red: UInt8(value >> 16), green: UInt8(value >> 8 & 0xff), blue: UInt8(value & 0xff))
        } else {
            return nil
        }
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }

    /// As a theme file writes it; colours of the palette that have no name by their number.
    package var text: String {
        switch self {
        case .terminal: return "default"
        case .indexed(let index) where index < 16: return Color.names[Int(index)]
        case .indexed(let index): return "palette \(index)"
        case .rgb(let red, let green, let blue):
            let digits = [red, green, blue].map { part in (part < 16 ? "0" : "") + String(part, radix: 16) }
            return "#" + digits.joined()
        }
    }

    /// Red, green and blue as xterm shows them; nil for the terminal's own colour, which nobody can know.
    package var components: (red: Int, green: Int, blue: Int)? {
        switch self {
        case .terminal: nil
        case .rgb(let red, let green, let blue): (Int(red), Int(green), Int(blue))
        case .indexed(let index): Palette.components(of: Int(index))
        }
    }

    /// The nearest colour that a terminal of this depth has.
    package func reduced(to depth: ColorDepth) -> Color {
        guard let (red, green, blue) = components else { return .terminal }
        switch depth {
        case .trueColor: return self
        case .mono: return .terminal
        case .indexed256:
            if case .indexed = self { return self }
            return .indexed(Palette.nearest256(red: red, green: green, blue: blue))
        case .ansi16, .ansi8:
            let limit = depth == .ansi8 ? 8 : 16
            // Grey is nearer to white than to black on a terminal that has no grey.
            if depth == .ansi8, self == .indexed(8) { return .indexed(7) }
            if case .indexed(let index) = self, Int(index) < 16 { return .indexed(UInt8(Int(index) % limit)) }
            return .indexed(Palette.nearestNamed(limit: limit, red: red, green: green, blue: blue))
        }
    }

    /// WCAG 2 contrast of two colours, 1 to 21; nil if either is the terminal's own.
    package static func contrast(_ one: Color, _ other: Color) -> Double? {
        guard let first = one.luminance, let second = other.luminance else { return nil }
        return (max(first, second) + 0.05) / (min(first, second) + 0.05)
    }

    /// WCAG 2 relative luminance, 0 (black) to 1 (white).
    package var luminance: Double? {
        guard let (red, green, blue) = components else { return nil }
        func linear(_ value: Int) -> Double {
            let part = Double(value) / 255
            return part <= 0.03928 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4)
        }
        return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }
}

/// How many colours a terminal shows.
package enum ColorDepth: Int, Sendable, CaseIterable, Comparable {
    /// Attributes only: no colour terminal, or `NO_COLOR` is set.
    case mono
    /// The Linux console and its kind.
    case ansi8
    case ansi16
    case indexed256
    case trueColor

    package static func < (one: ColorDepth, other: ColorDepth) -> Bool { one.rawValue < other.rawValue }

    /// Depth of a terminal that has this many colours by its terminfo entry. `NO_COLOR` (if not empty) turns colours off;
    /// `COLORTERM` says that a terminal of 256 colours takes any.
    package init(colors: Int, environment: [String: String]) {
        if let noColor = environment["NO_COLOR"], !noColor.isEmpty {
            self = .mono
        } else if colors >= 1 << 24 || (colors >= 256 && ColorDepth.promisesTrueColor(environment)) {
            self = .trueColor
        } else if colors >= 256 {
            self = .indexed256
        } else if colors >= 16 {
            self = .ansi16
        } else {
            self = colors >= 8 ? .ansi8 : .mono
        }
    }
    private static func promisesTrueColor(_ environment: [String: String]) -> Bool {
        guard let promise = environment["COLORTERM"], promise == "truecolor" || promise == "24bit" else { return false }
        // GNU screen hands on the variable of the terminal around it, whose colours it does not know.
        let isScreen = environment["TERM"]?.hasPrefix("screen") == true
        return !isScreen || environment["TMUX"] != nil
    }
}
