/// Turns anything (keys and values are bytes of strangers) into text that can neither move the cursor nor shift
/// columns: every scalar without a place of its own is shown as a visible escape. A backslash stays one, so text may
/// pass through twice unharmed.
package enum SafeText {
    /// Whether a scalar is shown as it is.
    package static func isPlain(_ scalar: Unicode.Scalar) -> Bool { DisplayWidth.columns(of: scalar) > 0 }

    /// Whether a scalar is text, shown as it is or not: no control.
    package static func isText(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value >= 0x20 && !(0x7f...0x9f).contains(scalar.value)
    }

    /// `\n`, `\t`, `\r`, `\x1b`, `\u{202e}`.
    package static func escape(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default:
            scalar.value < 0x80 ? escape(UInt8(scalar.value)) : "\\u{\(String(scalar.value, radix: 16))}"
        }
    }

    /// `\x00` to `\xff`: a byte that is not UTF-8.
    package static func escape(_ byte: UInt8) -> String {
        byte < 16 ? "\\x0\(String(byte, radix: 16))" : "\\x\(String(byte, radix: 16))"
    }

    /// Text made safe.
    package static func display(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text }
        var safe = ""
        for scalar in text.unicodeScalars { append(scalar, to: &safe) }
        return safe
    }

    /// Bytes made safe: valid UTF-8 as text, all else as `\xff`. Stops after `limit` bytes, so that a value of
    /// gigabytes costs no more than what is shown of it; the caller says that it was cut.
    package static func display(bytes: some Sequence<UInt8>, limit: Int = 4_096) -> String {
        let bytes = Array(bytes.prefix(max(0, limit)))
        var parser = Unicode.UTF8.ForwardParser()
        var input = bytes.makeIterator()
        var at = 0
        var safe = ""
        while true {
            switch parser.parseScalar(from: &input) {
            case .valid(let encoded):
                append(Unicode.UTF8.decode(encoded), to: &safe)
                at += encoded.count
            case .error(let length):
                for byte in bytes[at..<min(at + max(1, length), bytes.count)] { safe += escape(byte) }
                at += max(1, length)
            case .emptyInput: return safe
            }
        }
    }

    private static func append(_ scalar: Unicode.Scalar, to safe: inout String) {
        if isPlain(scalar) { safe.unicodeScalars.append(scalar) } else { safe += escape(scalar) }
    }

    /// Columns that the text takes when shown (escapes included).
    package static func width(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + columns($1) }
    }

    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        let columns = DisplayWidth.columns(of: scalar)
        return columns > 0 ? columns : escape(scalar).utf8.count
    }

    /// The text made safe and cut to so many columns, the last one an ellipsis if anything was cut off.
    package static func truncated(_ text: String, to width: Int, ellipsis: Unicode.Scalar = "…") -> String {
        guard width > 0 else { return "" }
        var used = 0
        var kept = ""
        // Where an ellipsis still fits behind the text kept so far.
        var cut = kept.endIndex
        for scalar in text.unicodeScalars {
            let shown = isPlain(scalar) ? String(scalar) : escape(scalar)
            for piece in shown.unicodeScalars {
                let columns = DisplayWidth.columns(of: piece)
                if used + columns > width {
                    kept.unicodeScalars.removeSubrange(cut...)
                    kept.unicodeScalars.append(ellipsis)
                    return kept
                }
                kept.unicodeScalars.append(piece)
                used += columns
                if used < width { cut = kept.endIndex }
            }
        }
        return kept
    }

    /// Which side of a column text stands on.
    package enum Alignment: Sendable { case left, right, center }

    /// The text made safe and exactly so many columns wide: cut with an ellipsis or filled with spaces.
    package static func fitted(
        _ text: String,
        to width: Int,
        align: Alignment = .left,
        ellipsis: Unicode.Scalar = "…"
    ) -> String {
        let kept = truncated(text, to: width, ellipsis: ellipsis)
        let missing = max(0, width - SafeText.width(kept))
        let before =
            switch align {
            case .left: 0
            case .right: missing
            case .center: missing / 2
            }
        return String(repeating: " ", count: before) + kept + String(repeating: " ", count: missing - before)
    }
}
