/// How numbers look everywhere in the console: one place, integers only, the same in every locale.
package enum NumberFormat {
    /// All digits, grouped: `1,234,567`.
    package static func full(_ number: Int) -> String {
        let digits = Array(String(number.magnitude))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return number < 0 ? "-" + text : text
    }

    /// At most six columns: `1,234`, `12.3k`, `456k`, `4.5M`.
    package static func short(_ number: Int) -> String {
        let size = number.magnitude
        if size < 10_000 { return full(number) }
        let sign = number < 0 ? "-" : ""
        let units: [(UInt, String)] = [(1_000, "k"), (1_000_000, "M"), (1_000_000_000, "G"), (1_000_000_000_000, "T")]
        for (unit, letter) in units where size < unit / 2 * 1_999 || letter == "T" {
            return sign + scaled(size, by: unit) + letter
        }
        return sign + full(Int(clamping: size))
    }

    /// `512 B`, `1.2 KiB`, `34.5 MiB`, `678 GiB`.
    package static func bytes(_ number: Int) -> String {
        let size = UInt(max(0, number))
        if size < 1_024 { return "\(size) B" }
        let units: [(UInt, String)] = [(1 << 10, "KiB"), (1 << 20, "MiB"), (1 << 30, "GiB"), (1 << 40, "TiB")]
        for (unit, name) in units where size / unit < 999 || name == "TiB" {
            return scaled(size, by: unit) + " " + name
        }
        return "\(size) B"
    }

    /// Bytes per second: `850 kB/s`, `12.4 MB/s`, `120 MB/s`.
    package static func rate(_ bytesPerSecond: UInt64) -> String {
        bytesPerSecond < 1_000_000
            ? "\(bytesPerSecond / 1_000) kB/s" : scaled(UInt(bytesPerSecond), by: 1_000_000) + " MB/s"
    }

    /// Microseconds as milliseconds without the unit: `0.06`, `1.50`, `15.0`, `1,500`.
    package static func milliseconds(micros: Int) -> String {
        let micros = max(0, micros)
        if micros < 9_995 {
            let hundredths = (micros + 5) / 10
            return "\(hundredths / 100).\(padded(hundredths % 100))"
        }
        if micros < 99_950 {
            let tenths = (micros + 50) / 100
            return "\(tenths / 10).\(tenths % 10)"
        }
        return short(micros / 1_000 + (micros % 1_000 >= 500 ? 1 : 0))
    }

    /// A span of seconds in at most two units: `12s`, `3m 05s`, `2h 07m`, `4d 03h`.
    package static func duration(seconds: Int) -> String {
        let seconds = max(0, seconds)
        if seconds < 60 { return "\(seconds)s" }
        if seconds < 3_600 { return "\(seconds / 60)m \(padded(seconds % 60))s" }
        if seconds < 86_400 { return "\(seconds / 3_600)h \(padded(seconds / 60 % 60))m" }
        return "\(seconds / 86_400)d \(padded(seconds / 3_600 % 24))h"
    }

    /// The time of day: `23:59:01`.
    package static func timeOfDay(unixSeconds: Int, utcOffsetSeconds: Int) -> String {
        let local = unixSeconds.addingReportingOverflow(utcOffsetSeconds).partialValue % 86_400
        let second = local < 0 ? local + 86_400 : local
        return "\(padded(second / 3_600)):\(padded(second / 60 % 60)):\(padded(second % 60))"
    }

    /// `1 node`, `2 nodes`.
    package static func counted(_ number: Int, _ noun: String) -> String {
        "\(full(number)) \(noun)\(number == 1 ? "" : "s")"
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// One decimal below 100, none above.
    private static func scaled(_ number: UInt, by unit: UInt) -> String {
        let tenths = number / unit * 10 + (number % unit * 10 + unit / 2) / unit
        if tenths >= 1_000 { return full(Int(clamping: number / unit + (number % unit >= unit / 2 ? 1 : 0))) }
        return "\(tenths / 10).\(tenths % 10)"
    }
}
