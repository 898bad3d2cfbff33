import Glibc

/// The upper end of a graph's axis: a round number (1, 2 or 5 times a power of ten) not below the floor.
package struct GraphScale: Hashable, Sendable {
    package let maximum: Double

    /// The smallest scale that covers the peak. `floor` keeps noise near zero from filling the graph. A scale shown
    /// before stays until the peak falls under 40 % of it, so that the axis does not flutter at a round number.
    package init(peak: Double, floor: Double, previous: GraphScale? = nil) {
        let lowest = floor.isFinite && floor > 0 ? floor : 1
        let wanted = peak.isFinite ? max(peak, lowest) : lowest
        let fitting = GraphScale.roundedUp(wanted)
        if let previous, previous.maximum >= wanted, wanted >= 0.4 * previous.maximum {
            maximum = previous.maximum
        } else {
            maximum = fitting
        }
    }

    private static func roundedUp(_ value: Double) -> Double {
        let power = pow(10, Glibc.floor(log10(value)))
        for step in [1.0, 2, 5] where step * power >= value * (1 - 1e-9) { return step * power }
        return 10 * power
    }

    /// A number in at most five columns: `0`, `950`, `1.2k`, `25k`, `3M`.
    package static func label(_ value: Double) -> String {
        guard value.isFinite, value > 0 else { return "0" }
        guard value < 1e15 else { return ">1P" }
        let units: [(size: Double, name: String)] = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")]
        for unit in units where value >= unit.size * 0.9995 {
            let scaled = value / unit.size
            let tenths = (scaled * 10).rounded()
            if tenths < 100, tenths.truncatingRemainder(dividingBy: 10) != 0 {
                return "\(Int(tenths) / 10).\(Int(tenths) % 10)\(unit.name)"
            }
            return "\(Int(scaled.rounded()))\(unit.name)"
        }
        let hundredths = Int((value * 100).rounded())
        return hundredths == 0 ? "0" : "0.\(hundredths < 10 ? "0" : "")\(hundredths)"
    }
}
