/// Text for the clipboard of whoever sits at the terminal, as the terminal takes it (OSC 52): also over ssh, where the
/// program has no other way to a clipboard.
package enum ClipboardSequence {
    /// What stands between the program and the terminal.
    package enum Route: Hashable, Sendable { case terminal, tmux, screen }

    /// Letters of base64 in one sequence: xterm cuts beyond that, and others have followed it.
    package static let charactersMax = 74_994
    /// Bytes of text that become so many characters.
    package static let bytesMax = charactersMax / 4 * 3
    /// GNU screen takes strings of so many characters at once.
    private static let screenCharacters = 76

    /// What is to be sent; nil if the text is too long, since half of it would be worse than nothing.
    package static func bytes(_ text: [UInt8], route: Route) -> [UInt8]? {
        guard text.count <= bytesMax else { return nil }
        let characters = base64(text)
        let whole = string("]52;c;", characters, end: [0x07])
        switch route {
        case .terminal: return whole
        case .tmux:
            // tmux takes the plain sequence with `set-clipboard on` and hands the wrapped one on with
            // `allow-passthrough on`; by default it does neither, and what it does not take does no harm. Both make the
            // one setting enough that the user has.
            return whole + string("Ptmux;", whole.flatMap { $0 == 0x1b ? [$0, $0] : [$0] })
        case .screen:
            var wrapped = [UInt8](whole.prefix(whole.count - characters.count - 1))
            for (index, letter) in characters.enumerated() {
                // One string ends, the next begins.
                if index > 0, index % screenCharacters == 0 { wrapped += Array("\u{1b}\\\u{1b}P".utf8) }
                wrapped.append(letter)
            }
            return string("P", wrapped + [0x07])
        }
    }

    /// Escape, an opening, text, and an end: the string terminator unless another is given.
    private static func string(
        _ opening: String,
        _ text: [UInt8],
        end: [UInt8] = [0x1b, UInt8(ascii: "\\")]
    ) -> [UInt8] {
        [0x1b] + Array(opening.utf8) + text + end
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// RFC 4648, with padding.
    package static func base64(_ bytes: [UInt8]) -> [UInt8] {
        var characters: [UInt8] = []
        characters.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for offset in 0..<3 { bits = bits << 8 | UInt32(offset < part.count ? part[start + offset] : 0) }
            for place in 0..<4 {
                let isPadding = place > part.count
                characters.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(bits >> (18 - 6 * UInt32(place)) & 63)])
            }
        }
        return characters
    }
}
