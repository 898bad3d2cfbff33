/// Whether a terminal is light or dark, as far as it says so.
package enum TerminalBackground {
    /// `COLORFGBG`, which rxvt, Konsole and others set: `foreground;background` or `foreground;something;background`, as
    /// numbers of the 16 colours. Whatever says nothing is taken for dark.
    package static func isLight(colorForegroundBackground text: String?) -> Bool {
        guard let last = text?.split(separator: ";").last, let index = UInt8(last), index < 16 else { return false }
        // 7 and 15 are the whites; of the others only the bright ones without blue or red alone are light.
        return index == 7 || (10...15).contains(index) && index != 12 && index != 13
    }

    /// The answer to the question for the background (OSC 11): `11;rgb:RR/GG/BB` with one to four digits each, `rgba:`
    /// with a fourth part, or `11;#rrggbb`. nil for anything else.
    package static func isLight(answer: String) -> Bool? {
        guard answer.hasPrefix("11;") else { return nil }
        let color = answer.dropFirst(3)
        let parts: [Double?]
        if color.hasPrefix("rgb:") || color.hasPrefix("rgba:") {
            let digits = color.drop { $0 != ":" }.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
            guard digits.count == (color.hasPrefix("rgba:") ? 4 : 3) else { return nil }
            parts = digits.prefix(3).map(share)
        } else if color.hasPrefix("#"), color.count == 7 {
            let digits = Array(color.dropFirst())
            parts = [0, 2, 4].map { share(String(digits[$0..<$0 + 2])[...]) }
        } else {
            return nil
        }
        let known = parts.compactMap { $0 }
        guard known.count == 3 else { return nil }
        // How bright the eye finds red, green and blue (ITU-R BT.601); the middle divides light from dark.
        return 0.299 * known[0] + 0.587 * known[1] + 0.114 * known[2] > 0.5
    }

    /// One to four hexadecimal digits as a share of the most they can say.
    private static func share(_ digits: Substring) -> Double? {
        guard (1...4).contains(digits.utf8.count), digits.allSatisfy(\.isHexDigit), digits.allSatisfy(\.isASCII),
            let value = UInt32(digits, radix: 16)
        else { return nil }
        return Double(value) / Double(UInt32(1) << (4 * UInt32(digits.utf8.count)) - 1)
    }
}
