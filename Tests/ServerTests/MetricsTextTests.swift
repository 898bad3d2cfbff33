import Model
import Server
import Storage
import Testing

@Suite struct MetricsTextTests {
    private struct Sample {
        var name: String
        var labels: [String: String]
        var value: Double
    }

    private static func status() -> NodeStatus {
        var status = NodeStatus(
            cluster: "a\"b\\c\nd\r,}={",
            shard: "shard0",
            address: "[::1]:8080",
            role: .leader,
            state: .running,
            engine: "lmdb",
            durability: "fsync",
            version: "0.1.0"
        )
        status.position = "4-1200"
        return status
    }

    private static func totals() -> NodeMetrics.Totals {
        var totals = NodeMetrics.Totals()
        totals.commands = .max
        totals.hits = 1
        totals.misses = 2
        totals.bytesReceived = 3
        totals.bytesSent = 4
        totals.errors = 5
        totals.connectionsReceived = 7
        totals.connections = 6
        return totals
    }

    @Test func countersTellTheirTotals() throws {
        let samples = try Self.parse(MetricsText.render(Self.status(), Self.totals()))
        for (name, value) in [
            ("shoal_commands_total", Double(UInt64.max)), ("shoal_keyspace_hits_total", 1),
            ("shoal_keyspace_misses_total", 2), ("shoal_received_bytes_total", 3), ("shoal_sent_bytes_total", 4),
            ("shoal_error_replies_total", 5), ("shoal_connections_total", 7), ("shoal_connections", 6),
        ] {
            let found = samples.filter { $0.name == name }
            #expect(found.map(\.value) == [value], "\(name)")
        }
        #expect(samples.allSatisfy { $0.labels["cluster"] == "a\"b\\c\nd\r,}={" && $0.labels["node"] == "[::1]:8080" })
        // A role that changes must not begin a counter anew.
        #expect(samples.allSatisfy { $0.name.hasSuffix("_total") == ($0.labels["role"] == nil) })
    }

    @Test func healthIsANumberWithItsReasons() throws {
        var status = Self.status()
        let well = try Self.parse(MetricsText.render(status, Self.totals()))
        #expect(well.filter { $0.name.hasPrefix("shoal_health") }.map(\.value) == [0])
        status.health = Health([
            Health.Reason(.diskFull, .down, "a", "full", action: "-"),
            Health.Reason(.diskLow, .degraded, "a", "low", action: "-"),
        ])
        let samples = try Self.parse(MetricsText.render(status, Self.totals()))
        #expect(samples.filter { $0.name == "shoal_health" }.map(\.value) == [2])
        let reasons = samples.filter { $0.name == "shoal_health_reason" }
        #expect(reasons.map { $0.labels["code"] } == ["disk_low", "disk_full"] && reasons.map(\.value) == [1, 2])
    }

    @Test func filesAndMemoryAreGauges() throws {
        let storage = [StorageMetric("log_bytes", "Bytes of commit log that are kept.", 4_096)]
        let text = MetricsText.render(Self.status(), Self.totals(), storage)
        #expect(
            text.contains("# HELP shoal_log_bytes Bytes of commit log that are kept.\n# TYPE shoal_log_bytes gauge\n")
        )
        #expect(try Self.parse(text).filter { $0.name == "shoal_log_bytes" }.map(\.value) == [4_096])
    }

    @Test func helpSaysOverWhichTime() {
        let text = MetricsText.render(Self.status(), Self.totals())
        #expect(
            text.contains("# HELP shoal_operations_per_second Reads and writes answered per second, over the last 2 ")
        )
        #expect(NodeMetrics.windowSeconds == 2)
    }

    // MARK: A strict reader of the text format, 0.0.4

    private struct Wrong: Error {
        var line: Substring
        var why: String
    }

    private static func parse(_ text: String) throws -> [Sample] {
        guard text.utf8.last == 10 else { throw Wrong(line: "", why: "no line feed at the end") }
        var types: [Substring: Substring] = [:]
        var helped: Set<Substring> = []
        var family: Substring = ""
        var closed: Set<Substring> = []
        var seen: Set<Substring> = []
        var samples: [Sample] = []
        // By scalar: as characters CR LF would be one.
        for scalars in text.unicodeScalars.dropLast().split(separator: "\n", omittingEmptySubsequences: false) {
            let line = Substring(scalars)
            if line.hasPrefix("# ") {
                let words = line.split(separator: " ", maxSplits: 3)
                guard words.count == 4, isName(words[2]) else { throw Wrong(line: line, why: "comment") }
                if words[2] != family {
                    guard !closed.contains(words[2]) else { throw Wrong(line: line, why: "family told twice") }
                    closed.insert(family)
                    family = words[2]
                }
                if words[1] == "HELP" {
                    guard helped.insert(family).inserted else { throw Wrong(line: line, why: "second HELP") }
                } else {
                    guard words[1] == "TYPE", ["counter", "gauge"].contains(words[3]), types[family] == nil else {
                        throw Wrong(line: line, why: "TYPE")
                    }
                    guard (words[3] == "counter") == family.hasSuffix("_total") else {
                        throw Wrong(line: line, why: "a counter, and nothing else, ends in _total")
                    }
                    types[family] = words[3]
                }
                continue
            }
            let sample = try sample(line)
            guard sample.name == family, types[family] != nil, helped.contains(family) else {
                throw Wrong(line: line, why: "a sample outside of its family")
            }
            let identity = line.prefix(upTo: line.lastIndex(of: " ") ?? line.endIndex)
            guard seen.insert(identity).inserted else { throw Wrong(line: line, why: "told twice") }
            samples.append(sample)
        }
        return samples
    }

    private static func isName(_ text: Substring) -> Bool {
        text.wholeMatch(of: /[a-zA-Z_:][a-zA-Z0-9_:]*/) != nil
    }

    private static func sample(_ line: Substring) throws -> Sample {
        var rest = line[...]
        let name = rest.prefix { $0 != "{" }
        rest = rest.dropFirst(name.count + 1)
        var labels: [String: String] = [:]
        while let equals = rest.firstIndex(of: "="), !rest.hasPrefix("}") {
            let label = rest[..<equals]
            guard isName(label), !label.contains(":"), labels[String(label)] == nil else {
                throw Wrong(line: line, why: "label \(label)")
            }
            rest = rest[rest.index(after: equals)...]
            labels[String(label)] = try quoted(&rest, line)
            if rest.hasPrefix(",") { rest = rest.dropFirst() }
        }
        guard isName(name), rest.hasPrefix("} "), let value = Double(rest.dropFirst(2)) else {
            throw Wrong(line: line, why: "value")
        }
        return Sample(name: String(name), labels: labels, value: value)
    }

    private static func quoted(_ rest: inout Substring, _ line: Substring) throws -> String {
        guard rest.first == "\"" else { throw Wrong(line: line, why: "quote") }
        var scalars = rest.unicodeScalars.dropFirst()
        var text = String.UnicodeScalarView()
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\"":
                rest = Substring(scalars)
                return String(text)
            case "\\":
                let escapes: [Unicode.Scalar: Unicode.Scalar] = ["\\": "\\", "\"": "\"", "n": "\n"]
                guard let escaped = scalars.popFirst(), let plain = escapes[escaped] else {
                    throw Wrong(line: line, why: "escape")
                }
                text.append(plain)
            default: text.append(scalar)
            }
        }
        throw Wrong(line: line, why: "open quote")
    }
}
