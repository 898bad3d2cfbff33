/// Whether a terminal is light or dark, as far as it says so.
package enum TerminalBackground {
    /// `COLORFGBG`, which rxvt, Konsole and others set: `foreground;background` or `foreground;something;background`, as
    /// numbers of the 16 colours. Whatever says nothing is taken for dark.
    package static func isLight(colorForegroundBackground text: String?) -> Bool {
        guard let last = text?.split(separator: ";").last, let index = UInt8(last), index < 16 else { return false }
        // 7 and 15 are the whites; of the others only the bright ones without blue or red alone are light.
        return index == 7 || (10...15).contains(index) && index != 12 && index != 13
    }
}
