import Console
import Model

/// A job's progress for people.
package enum ReshardStatusText {
    /// One line that is drawn again and again while it runs.
    package static func line(of status: ReshardStatus) -> String {
        var parts = [
            status.state.rawValue,
            "\(number(status.slotsMoved))/\(number(status.slotsTotal)) slots", percentage(status),
            "\(number(status.keysMoved)) keys",
        ]
        if !status.state.isEnded {
            parts.append(MegabytesPerSecond.text(status.bytesPerSecond))
            if let eta = status.etaSeconds { parts.append("ETA \(duration(eta))") }
        }
        parts.append("longest pause \(status.pauseMsMax) ms")
        if let message = status.nodes.lazy.map(\.target.message).first(where: { !$0.isEmpty }), !status.state.isEnded {
            parts.append(message)
        }
        return parts.joined(separator: "  ")
    }

    /// Everything, on several lines.
    package static func text(of status: ReshardStatus, job: ReshardJob, now: UInt64) -> String {
        let age = duration((now - min(now, job.createdAt)) / 1_000)
        var lines = ["reshard \(job.id): \(job.state.rawValue)\(status.reason.map { ": \($0)" } ?? "")"]
        lines.append("asked for by \(job.requester) \(age) ago: \(words(of: job))")
        lines.append(
            "slots \(number(status.slotsMoved)) of \(number(status.slotsTotal)) (\(percentage(status)))  "
                + "hand-overs \(status.movesDone) of \(status.movesTotal)  keys \(number(status.keysMoved)) of "
                + "\(number(status.keysTotal))  bytes \(bytes(status.bytesMoved)) of \(bytes(status.bytesTotal))"
        )
        if !status.state.isEnded {
            let limit = status.bytesPerSecondMax.map { ", at most \(MegabytesPerSecond.text($0))" } ?? ""
            let eta = status.etaSeconds.map(duration) ?? "not known"
            lines.append("\(MegabytesPerSecond.text(status.bytesPerSecond))\(limit)  time left \(eta)")
        }
        let tail = status.pauses.total > 0 ? "  99 of 100 up to \(status.pauses.quantile(0.99)) ms" : ""
        lines.append("longest pause of a write \(status.pauseMsMax) ms\(tail)")
        let nodes = self.nodes(status)
        return lines.joined(separator: "\n") + (nodes.isEmpty || status.state.isEnded ? "" : "\n\n" + nodes)
    }

    private static func nodes(_ status: ReshardStatus) -> String {
        guard !status.nodes.isEmpty else { return "" }
        var rows = [
            ["SHARD", "TAKES", "KEYS", "OF", "BYTES", "OF", "LOG LEFT", "SPEED", "GIVES TO", "HELD", "MESSAGE"]
        ]
        for node in status.nodes {
            let target = node.target
            let isBusy = target.move != nil
            func busy(_ text: String) -> String { isBusy ? text : "-" }
            rows.append([
                node.shard, target.phase.rawValue, busy(number(target.keysCopied)), busy(number(target.keysTotal)),
                busy(bytes(target.bytesCopied)), busy(bytes(target.bytesTotal)), busy(bytes(target.logBytesLeft)),
                busy(MegabytesPerSecond.text(target.bytesPerSecond)), "\(node.source.links)", "\(node.source.held)",
                target.message,
            ])
        }
        return TextColumns.text(rows, numbers: Set(2...9))
    }

    /// What was asked for, as its arguments.
    private static func words(of job: ReshardJob) -> String {
        job.request.arguments(inForce: job.policyBefore).joined(separator: " ")
    }

    private static func percentage(_ status: ReshardStatus) -> String {
        guard status.slotsTotal > 0 else { return "100 %" }
        return "\(min(status.slotsMoved, status.slotsTotal) * 100 / status.slotsTotal) %"
    }

    private static func number(_ value: UInt64) -> String { ReshardPlanText.number(value) }
    private static func bytes(_ value: UInt64) -> String { ReshardPlanText.bytes(value) }
    private static func duration(_ seconds: UInt64) -> String { NumberFormat.duration(seconds: Int(clamping: seconds)) }
}
