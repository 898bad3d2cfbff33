import Model
import Resharding
import Routing
import Terminal

/// Draws a job under way, and what it came to.
struct ReshardJobRenderer: CanvasRenderer {
    let canvas: Canvas
    let unixSeconds: Int

    func draw(_ wizard: ReshardWizard, _ area: Rect) {
        guard let view = wizard.job, wizard.expectedJob.map({ $0 == view.job.id }) ?? true else {
            return canvas.put(
                "\(canvas.spinner) the job has begun; waiting for its first word",
                y: area.y,
                style: theme[.text]
            )
        }
        let status = view.status
        let all = Double(max(1, status.slotsTotal))
        let share = view.job.state == .done ? 1 : status.share
        var y = area.y
        canvas.put(jobHeadline(view, wizard), y: y, style: jobStyle(view.job.state))
        canvas.bar(share, x: area.x, y: y + 1, width: area.width)
        canvas.put(parts: jobNumbers(status, slots: all), y: y + 2)
        canvas.put(parts: jobPace(view, wizard), y: y + 3)
        y += 4
        if let reason = view.job.reason {
            y += canvas.paragraph(reason, Rect(x: area.x, y: y, width: area.width, height: 2), style: theme[.warn])
        }
        let rest = Rect(x: area.x, y: y + 1, width: area.width, height: area.endY - y - 1)
        if view.job.state.isEnded { drawEnd(view, rest) } else { drawTargets(view, top: wizard.top, rest) }
    }

    private func jobHeadline(_ view: ReshardJobView, _ wizard: ReshardWizard) -> String {
        let job = view.job
        let by = job.requester.isEmpty ? "" : ", asked for by \(job.requester)"
        let words = Self.words(job)
        let begun = Int(clamping: job.createdAt / 1_000)
        let until = job.state.isEnded ? wizard.endedAt : unixSeconds
        let span = until.map { NumberFormat.duration(seconds: max(0, $0 - begun)) }
        let time =
            span.map { job.state.isEnded ? " after \($0)" : job.state == .running ? " for \($0)" : ", begun \($0) ago" }
            ?? ""
        let spin = job.state.isEnded || job.state == .paused ? "" : "\(canvas.spinner) "
        return "\(spin)\(words): \(job.state.rawValue)\(time)\(by)"
    }

    /// What was asked for: `add shard2, shard3`.
    private static func words(_ job: ReshardJob) -> String {
        var parts: [String] = []
        if !job.request.add.isEmpty { parts.append("add " + job.request.add.map(\.name).joined(separator: ", ")) }
        if !job.request.remove.isEmpty { parts.append("remove " + job.request.remove.joined(separator: ", ")) }
        for move in job.request.moves {
            parts.append("move \(NumberFormat.counted(move.slots.count, "slot")) to \(move.shard)")
        }
        if job.policyBefore != job.policyAfter { parts.append("policy \(job.policyAfter.rawValue)") }
        return parts.isEmpty ? "rebalance" : parts.joined(separator: "; ")
    }

    private func jobStyle(_ state: ReshardJob.State) -> Style {
        switch state {
        case .running: theme[.textStrong]
        case .done: theme[.good]
        case .paused, .cancelling, .cancelled: theme[.warn]
        case .failed: theme[.bad]
        }
    }

    private func jobNumbers(_ status: ReshardStatus, slots all: Double) -> [(String, Style)] {
        func of(_ part: UInt64, _ all: UInt64) -> String {
            "\(NumberFormat.short(Int(clamping: part))) of \(NumberFormat.short(Int(clamping: all)))"
        }
        let percent = Int(Double(status.slotsMoved) * 100 / all)
        let bytes =
            "\(NumberFormat.bytes(Int(clamping: status.bytesMoved))) of \(NumberFormat.bytes(Int(clamping: status.bytesTotal)))"
        return [
            ("\(of(status.slotsMoved, status.slotsTotal)) slots (\(percent) %)", theme[.text]),
            ("\(of(status.keysMoved, status.keysTotal)) keys", theme[.text]), (bytes, theme[.text]),
            ("\(status.movesDone) of \(NumberFormat.counted(status.movesTotal, "hand-over"))", theme[.text]),
        ]
    }

    private func jobPace(_ view: ReshardJobView, _ wizard: ReshardWizard) -> [(String, Style)] {
        let status = view.status
        var parts: [(String, Style)] = []
        if !view.job.state.isEnded {
            parts.append((NumberFormat.rate(status.bytesPerSecond), theme[.textStrong]))
            parts.append((view.job.rate.map { "limit \(NumberFormat.rate($0))" } ?? "no limit", theme[.textDim]))
            if view.job.state == .running {
                let left = status.etaSeconds.map { "\(NumberFormat.duration(seconds: Int(clamping: $0))) left" }
                parts.append((left ?? "time left unknown", theme[.text]))
            }
        } else if let ended = wizard.endedAt {
            let seconds = max(1, ended - Int(clamping: view.job.createdAt / 1_000))
            parts.append(("\(NumberFormat.rate(status.bytesMoved / UInt64(seconds))) on average", theme[.text]))
        }
        parts.append(("longest pause \(NumberFormat.full(Int(clamping: status.pauseMsMax))) ms", theme[.text]))
        return parts
    }

    // MARK: Targets at work

    private func drawTargets(_ view: ReshardJobView, top: Int, _ area: Rect) {
        guard area.height > 1 else { return }
        let working = view.status.nodes.filter { $0.target.move != nil || !$0.target.message.isEmpty }
        var y = area.y
        for node in working {
            guard y + 2 < area.endY else { break }
            y += draw(node, view.job, Rect(x: area.x, y: y, width: area.width, height: area.endY - y))
        }
        let rest = Rect(x: area.x, y: y + 1, width: area.width, height: area.endY - y - 1)
        let due = view.job.moves.filter { move in
            move.stage(on: view.map) != .done && !working.contains { $0.target.move == move.index }
        }
        guard rest.height > 1, !due.isEmpty else { return }
        ReshardMovesRenderer(canvas: canvas).draw(due, top: top, rest) {
            $0.stage(on: view.map) == .due ? "waits" : "the slots belong to another shard"
        }
    }

    /// What one target is at: two lines, and one more where it has something to say.
    private func draw(_ node: ReshardProgress, _ job: ReshardJob, _ area: Rect) -> Int {
        let target = node.target
        let move = target.move.flatMap { job.moves.indices.contains($0) ? job.moves[$0] : nil }
        let slots = move.map { "move \($0.index + 1), slots \($0.slots.short) of \($0.source): " } ?? ""
        canvas.put("\(node.shard): \(slots)\(target.phase.rawValue)", y: area.y, style: theme[.textStrong])
        let share = target.keysTotal > 0 ? Double(target.keysCopied) / Double(target.keysTotal) : 0
        let width = min(24, area.width / 5)
        canvas.bar(target.phase == .handingOver ? 1 : share, x: area.x, y: area.y + 1, width: width)
        let keys =
            "\(NumberFormat.short(Int(clamping: target.keysCopied))) of \(NumberFormat.short(Int(clamping: target.keysTotal))) keys"
        var parts = [
            keys, NumberFormat.bytes(Int(clamping: target.bytesCopied)), NumberFormat.rate(target.bytesPerSecond),
        ]
        if target.logBytesLeft > 0 {
            parts.append("\(NumberFormat.bytes(Int(clamping: target.logBytesLeft))) of log left")
        }
        if target.isHurrying { parts.append("hurrying") }
        if target.failures > 0 { parts.append("attempt \(target.failures + 1)") }
        canvas.put(parts.joined(separator: canvas.separator), x: area.x + width + 1, y: area.y + 1, style: theme[.text])
        guard !target.message.isEmpty, area.height > 3 else { return 2 }
        canvas.put(target.message, y: area.y + 2, style: theme[.warn])
        return 3
    }

    /// What every shard has now, and how long it took.
    private func drawEnd(_ view: ReshardJobView, _ area: Rect) {
        let shares = view.map.shardNames.indices.map { index in
            "\(view.map.shardNames[index]) \(NumberFormat.full(view.map.slotCount(ofShard: UInt16(index))))"
        }
        let used = canvas.paragraph(
            "Slots now: " + shares.joined(separator: ", "),
            Rect(x: area.x, y: area.y, width: area.width, height: min(3, area.height))
        )
        drawPauses(
            view.status,
            Rect(x: area.x, y: area.y + used + 1, width: area.width, height: area.height - used - 1)
        )
    }

    /// How long writes were held, by length.
    private func drawPauses(_ status: ReshardStatus, _ area: Rect) {
        let pauses = status.pauses
        guard area.height > 1, pauses.total > 0 else { return }
        let text =
            "Writes were held \(NumberFormat.full(Int(clamping: pauses.total))) times: half of them up to "
            + "\(pauses.quantile(0.5)) ms, 99 % up to \(pauses.quantile(0.99)) ms, the longest \(pauses.max) ms."
        let used = canvas.paragraph(text, area)
        let bounds = PauseHistogram.bounds.map { "\($0) ms" } + ["more"]
        let most = Double(pauses.counts.max() ?? 1)
        for (offset, (bound, count)) in zip(bounds, pauses.counts).filter({ $0.1 > 0 }).enumerated() {
            let y = area.y + used + 1 + offset
            guard y < area.endY else { return }
            canvas.put(
                SafeText.fitted(bound == "more" ? bound : "up to \(bound)", to: 14),
                y: y,
                style: theme[.textDim]
            )
            let width = max(1, Int(Double(area.width - 30) * Double(count) / max(1, most)))
            canvas.bar(1, x: area.x + 15, y: y, width: max(0, min(width, area.width - 30)))
            canvas.put("\(NumberFormat.full(Int(clamping: count)))", x: area.x + 16 + width, y: y, style: theme[.text])
        }
    }
}
