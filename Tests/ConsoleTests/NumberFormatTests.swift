import Console
import Testing

@Suite struct NumberFormatTests {
    @Test(arguments: [
        (0, "0"), (999, "999"), (1_234, "1,234"), (9_999, "9,999"), (12_345, "12.3k"), (99_940, "99.9k"),
        (456_000, "456k"), (4_500_000, "4.5M"), (999_499_999, "999M"), (-12_345, "-12.3k"),
        (2_500_000_000, "2.5G"),
    ])
    func short(number: Int, text: String) {
        #expect(NumberFormat.short(number) == text)
    }

    @Test func anyNumberFitsItsColumnAndTrapsNothing() {
        for shift in 0..<63 {
            for number in [1 << shift, (1 << shift) - 1, -(1 << shift)] {
                if number < 1 << 49, number >= 0 { #expect(NumberFormat.short(number).utf8.count <= 6) }
                _ = NumberFormat.short(number) + NumberFormat.bytes(number) + NumberFormat.full(number)
                _ = NumberFormat.milliseconds(micros: number) + NumberFormat.duration(seconds: number)
            }
        }
        for number in [Int.min, Int.max] {
            _ = NumberFormat.short(number) + NumberFormat.bytes(number) + NumberFormat.full(number)
            _ = NumberFormat.milliseconds(micros: number) + NumberFormat.duration(seconds: number)
            _ = NumberFormat.timeOfDay(unixSeconds: number, utcOffsetSeconds: number)
        }
    }

    @Test(arguments: [
        (0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (4_500_000, "4.3 MiB"), (1_073_741_824, "1.0 GiB"),
        (700 * 1_048_576, "700 MiB"),
    ])
    func bytes(number: Int, text: String) {
        #expect(NumberFormat.bytes(number) == text)
    }

    @Test(arguments: [
        (0, "0.00"), (60, "0.06"), (1_500, "1.50"), (9_994, "9.99"), (15_000, "15.0"), (1_500_000, "1,500"),
    ])
    func milliseconds(micros: Int, text: String) {
        #expect(NumberFormat.milliseconds(micros: micros) == text)
    }

    @Test(arguments: [(5, "5s"), (185, "3m 05s"), (7_620, "2h 07m"), (356_400, "4d 03h")])
    func duration(seconds: Int, text: String) {
        #expect(NumberFormat.duration(seconds: seconds) == text)
    }

    @Test func timeOfDayFollowsTheOffsetAcrossMidnight() {
        #expect(NumberFormat.timeOfDay(unixSeconds: 86_399, utcOffsetSeconds: 0) == "23:59:59")
        #expect(NumberFormat.timeOfDay(unixSeconds: 86_399, utcOffsetSeconds: 3_600) == "00:59:59")
        #expect(NumberFormat.timeOfDay(unixSeconds: 0, utcOffsetSeconds: -3_600) == "23:00:00")
    }
}
