import Histogram

/// What a load has shown, phase by phase.
package struct LoadReport: Codable, Hashable, Sendable {
    /// Microseconds.
    package struct Latency: Codable, Hashable, Sendable {
        package var p50: Double
        package var p90: Double
        package var p99: Double
        package var p999: Double
        package var max: Double

        enum CodingKeys: String, CodingKey {
            case p50, p90, p99
            case p999 = "p99.9"
            case max
        }
    }

    package struct Phase: Codable, Hashable, Sendable {
        /// `write` or `read`.
        package var operation: String
        /// Operations answered, errors among them.
        package var count: Int
        package var seconds: Double
        package var perSecond: Double
        package var latency: Latency
        /// Milliseconds: the longest time in which no operation was done.
        package var longestPause: Double
        package var misses: Int
        package var redirects: Int
        /// By kind: the first word of a RESP error, an HTTP status, or what happened to the connection.
        package var errors: [String: Int]

        enum CodingKeys: String, CodingKey {
            case operation, count, seconds
            case perSecond = "per_second"
            case latency = "latency_us"
            case longestPause = "longest_pause_ms"
            case misses, redirects, errors
        }

        package var errorCount: Int { errors.values.reduce(0, +) }

        init(operation: String, tally: LoadTally, seconds: Double) {
            self.operation = operation
            count = tally.completed
            self.seconds = seconds
            perSecond = seconds > 0 ? (Double(tally.completed) / seconds).rounded() : 0
            func microseconds(_ percentile: Double) -> Double {
                Double(min(tally.latencies.valueAtPercentile(percentile), tally.latencies.max)) / 1000
            }
            latency = Latency(
                p50: microseconds(50),
                p90: microseconds(90),
                p99: microseconds(99),
                p999: microseconds(99.9),
                max: microseconds(100)
            )
            longestPause = Double(tally.longestGap / 1000) / 1000
            misses = tally.misses
            redirects = tally.redirects
            errors = tally.errors
        }
    }

    package var target: String
    package var `protocol`: String
    /// Leaders the load went to.
    package var nodes: Int
    package var concurrency: Int
    package var pipeline: Int
    package var valueSize: Int
    package var keySpace: Int
    package var phases: [Phase]

    enum CodingKeys: String, CodingKey {
        case target
        case `protocol`, nodes, concurrency, pipeline
        case valueSize = "value_size"
        case keySpace = "key_space"
        case phases
    }

    /// Milliseconds; shorter ones are those of any disk.
    private static let pauseShown = 20.0

    package var errorCount: Int { phases.reduce(0) { $0 + $1.errorCount } }

    /// The report for people: one line per phase under a heading, errors below.
    package var table: String {
        var lines = [
            "\(target), \(`protocol`), \(nodes) \(nodes == 1 ? "leader" : "leaders"), \(concurrency) connections, "
                + "pipeline \(pipeline), \(valueSize)-byte values, \(keySpace) keys",
            "",
            Self.row(["", "count", "seconds", "per second", "p50", "p90", "p99", "p99.9", "max"]),
        ]
        for phase in phases {
            let latency = phase.latency
            lines.append(
                Self.row(
                    [phase.operation, "\(phase.count)", Self.fixed(phase.seconds, 2), "\(Int(phase.perSecond))"]
                        + [latency.p50, latency.p90, latency.p99, latency.p999, latency.max].map(Self.duration)
                )
            )
        }
        for phase in phases {
            if phase.misses > 0 { lines.append("\(phase.operation): \(phase.misses) keys had no value") }
            if phase.longestPause >= LoadReport.pauseShown {
                lines.append("\(phase.operation): longest pause \(Self.duration(phase.longestPause * 1000))")
            }
            if phase.redirects > 0 { lines.append("\(phase.operation): \(phase.redirects) redirected") }
            for (kind, count) in phase.errors.sorted(by: { $0.key < $1.key }) {
                lines.append("\(phase.operation): \(count) errors: \(kind)")
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func row(_ cells: [String]) -> String {
        cells.enumerated().map { index, cell in
            let pad = String(repeating: " ", count: Swift.max(0, (index == 0 ? 6 : 10) - cell.count))
            return index == 0 ? cell + pad : pad + cell
        }.joined(separator: " ")
    }

    /// Microseconds as a length of time with its unit.
    private static func duration(_ microseconds: Double) -> String {
        switch microseconds {
        case ..<1000: fixed(microseconds, 0) + " us"
        case ..<1_000_000: fixed(microseconds / 1000, 2) + " ms"
        default: fixed(microseconds / 1_000_000, 2) + " s"
        }
    }

    private static func fixed(_ number: Double, _ digits: Int) -> String {
        var scale = 1
        for _ in 0..<digits { scale *= 10 }
        let scaled = Int((number * Double(scale)).rounded())
        guard digits > 0 else { return "\(scaled)" }
        let fraction = "\(scaled % scale)"
        return "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
    }
}
