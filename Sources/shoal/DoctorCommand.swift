import ArgumentParser
import Model
import Node
import Operations
import Routing
import Server

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check files, map, leases, lag and stray keys, and say what to do.",
        discussion: """
            Asks the coordinator and all nodes, and looks at the data folders that are on this machine. Changes nothing. \
            Exit code 1 if anything is wrong.

            Example: shoal doctor
            Example: shoal doctor --json
            """
    )

    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    private struct Report: Encodable {
        var schema = 1
        var cluster: String
        var findings: [CheckupFinding]
    }

    func run() async throws {
        let config = try config.load()
        let checkup = await ClusterCheckup.gather(config)
        let findings = checkup.findings
        if json {
            StandardStreams.writeLine(try JSONOutput.text(of: Report(cluster: config.name, findings: findings)))
        } else {
            StandardStreams.writeLine(Self.text(of: checkup, findings))
        }
        if !findings.isEmpty { throw CommandFailure(.failed) }
    }

    /// A line on what was looked at, then two for each finding.
    static func text(of checkup: ClusterCheckup, _ findings: [CheckupFinding]) -> String {
        let nodes = checkup.status.shards.flatMap(\.nodes)
        let answering = nodes.count { $0.state != .unreachable }
        let looked = checkup.folders.values.count { if case .missing = $0 { false } else { true } }
        var lines = [
            "cluster \(checkup.config.name): \(answering) of \(nodes.count) nodes answer, \(checkup.slots.count) told their "
                + "slots, \(looked) data folders are on this machine"
        ]
        if findings.isEmpty { lines.append("all is well") }
        for finding in findings {
            let place = finding.place.isEmpty ? "" : " \(finding.place):"
            lines.append("\(finding.area.rawValue):\(place) \(PrintableBytes.text(of: Array(finding.message.utf8)))")
            lines.append("  -> \(PrintableBytes.text(of: Array(finding.advice.utf8)))")
        }
        return lines.joined(separator: "\n")
    }
}
