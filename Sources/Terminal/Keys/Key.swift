/// One key press, whatever bytes the terminal sent for it.
package enum Key: Hashable, Sendable {
    case character(Unicode.Scalar)
    case ctrl(Character)
    case function(Int)
    case up, down, left, right
    case home, end, pageUp, pageDown
    case enter, escape, tab, backTab, backspace, delete, insert

    /// As hints and the help show it: `q`, `Ctrl-C`, `F1`, `Enter`, `Space`, `PgUp`.
    package var name: String {
        switch self {
        case .character(" "): "Space"
        case .character(let scalar): SafeText.display(String(scalar))
        case .ctrl(let letter): "Ctrl-\(letter.uppercased())"
        case .function(let number): "F\(number)"
        default: Key.named.first { $0.key == self }?.name ?? "?"
        }
    }

    /// Reads what `name` gives, and a few other spellings, without regard to case of the named keys; nil for
    /// anything else.
    package init?(name: String) {
        let lower = name.lowercased()
        if let known = Key.named.first(where: { $0.name.lowercased() == lower }) {
            self = known.key
        } else if lower == "space" {
            self = .character(" ")
        } else if lower.hasPrefix("ctrl-"), lower.count == 6, let letter = lower.last, letter.isASCII {
            self = .ctrl(letter)
        } else if lower.hasPrefix("f"), let number = Int(lower.dropFirst()), (1...63).contains(number) {
            self = .function(number)
        } else if name.unicodeScalars.count == 1, let scalar = name.unicodeScalars.first, SafeText.isPlain(scalar) {
            self = .character(scalar)
        } else {
            return nil
        }
    }

    private static let named: [(key: Key, name: String)] = [
        (.up, "Up"), (.down, "Down"), (.left, "Left"), (.right, "Right"), (.home, "Home"), (.end, "End"),
        (.pageUp, "PgUp"), (.pageDown, "PgDn"), (.enter, "Enter"), (.escape, "Esc"), (.tab, "Tab"),
        (.backTab, "Shift-Tab"), (.backspace, "Backspace"), (.delete, "Del"), (.insert, "Ins"),
    ]

    /// The key behind a control character that the terminal sent; nil for what is not one.
    package init?(control scalar: Unicode.Scalar) {
        switch scalar.value {
        case 0x0a, 0x0d: self = .enter
        case 0x09: self = .tab
        case 0x1b: self = .escape
        case 0x08, 0x7f: self = .backspace
        case 0x00: self = .ctrl(" ")
        case 0x01...0x1a: self = .ctrl(Character(Unicode.Scalar(UInt8(scalar.value) + 0x60)))
        case 0x1c...0x1f: self = .ctrl(Character(Unicode.Scalar(UInt8(scalar.value) + 0x40)))
        default: return nil
        }
    }
}
