extension SampleHistory {
    /// How the samples of one step become one value.
    package enum Combination: Hashable, Sendable {
        /// For what is counted: the step says how much there was of it.
        case mean
        /// For what hurts at its worst: a peak must not vanish in its neighbours.
        case largest
    }

    /// The values of `count` steps, oldest first, the last of which has the second `last` in it. Steps begin at multiples
    /// of their length, so that a value does not change with every second that passes. A step of which no second was
    /// recorded is nil: a gap.
    package func values(
        of id: RowID,
        last: Int,
        count: Int,
        secondsPerStep: Int = 1,
        by combination: Combination = .mean,
        _ value: (Sample) -> Double?
    ) -> [Double?] {
        guard count > 0, last >= 0 else { return Array(repeating: nil, count: max(0, count)) }
        let length = max(1, secondsPerStep)
        let seconds = last % length + 1 + (count - 1) * length
        // Nothing is older than the history.
        let known = samples(of: id, last: last, count: min(seconds, Self.capacity))
        var values: [Double?] = []
        values.reserveCapacity(count)
        for step in 0..<count {
            let start = step * length - (seconds - known.count)
            let part = known[min(max(0, start), known.count)..<min(max(0, start + length), known.count)]
            values.append(Self.combined(part.compactMap { $0.flatMap(value) }, by: combination))
        }
        return values
    }

    private static func combined(_ values: [Double], by combination: Combination) -> Double? {
        guard !values.isEmpty else { return nil }
        return switch combination {
        case .mean: values.reduce(0, +) / Double(values.count)
        case .largest: values.max()
        }
    }
}
