import Model
import Resharding
import Server
import Terminal

/// Draws what is around every view: the frame with the cluster's name, and the lines of numbers below it.
struct FrameRenderer: CanvasRenderer {
    let canvas: Canvas
    let state: ConsoleState

    /// - Parameter layout: as the views of rows have it.
    func draw(_ layout: DashboardLayout) {
        let frame = Rect(width: grid.width, height: grid.height)
        grid.box(frame, glyphs: glyphs, style: canvas.frameStyle)
        drawTitle()
        let isOfRows = state.view.isOfRows
        let lines = isOfRows ? layout.information : ViewLayout(height: grid.height).information
        // Where there is no line for a title, whose numbers these are comes first.
        let needsName = state.view == .node && layout.tableTitle == nil
        drawInformation(lines, name: needsName ? state.list.detail?.name : nil)
    }

    /// Name and environment on the left; labels and the time of the numbers on the right.
    private func drawTitle() {
        var end = grid.width - 2
        for (text, style) in titleLabels {
            let width = SafeText.width(text) + 2
            guard end - width > 14 else { break }
            grid.put(" \(text) ", x: end - width, y: 0, style: style)
            end -= width + 1
        }
        let name = state.snapshot?.status.cluster ?? "shoal"
        let environment = state.snapshot.map { "\(canvas.separator)\($0.environment.rawValue)" } ?? ""
        let room = max(0, end - 5)
        let label = SafeText.truncated(name + environment, to: room, ellipsis: glyphs.ellipsis)
        grid.put(" \(label) ", x: 2, y: 0, style: canvas.frameStyle.adding(.bold), maxWidth: room + 2)
    }

    /// From the right end to the left.
    private var titleLabels: [(String, Style)] {
        var labels: [(String, Style)] = []
        if let snapshot = state.snapshot {
            let age = max(0, state.clock.milliseconds - snapshot.milliseconds) / 1_000
            let isOld = age >= max(3, 2 * state.status.refreshMilliseconds / 1_000)
            let time = NumberFormat.timeOfDay(
                unixSeconds: state.clock.unixSeconds - age,
                utcOffsetSeconds: state.clock.utcOffsetSeconds
            )
            labels.append(
                isOld && !state.status.isPaused
                    ? ("\(NumberFormat.duration(seconds: age)) old", theme[.warn]) : (time, theme[.title])
            )
        }
        if state.status.isPaused { labels.append(("PAUSED", theme[.warn].adding(.bold))) }
        if state.options.isReadOnly { labels.append(("READ-ONLY", theme[.title])) }
        if state.options.isDemo || state.snapshot?.demo.isEmpty == false { labels.append(("DEMO", theme[.demo])) }
        return labels
    }

    private func drawInformation(_ lines: Range<Int>, name: String?) {
        guard let first = lines.first else { return }
        guard let status = state.snapshot?.status else {
            let since = max(0, state.clock.milliseconds - (state.startedAt ?? state.clock.milliseconds)) / 1_000
            let wait = since >= 1 ? "  \(NumberFormat.duration(seconds: since))" : ""
            canvas.put("\(canvas.spinner) waiting for the first status\(wait)", y: first, style: theme[.text])
            return
        }
        canvas.put(parts: (name.map { [($0, theme[.textStrong])] } ?? []) + numbers(status), y: first)
        guard lines.count > 1 else { return }
        if let worst = status.health.reasons.first {
            let more = status.health.reasons.count - 1
            let rest = more > 0 ? " (and \(more) more)" : ""
            let words = SafeText.display("\(status.health.state.rawValue): \(worst.text)\(rest)")
            canvas.put(words, y: first + 1, style: style(of: status.health.state))
            return
        }
        let facts = [
            NumberFormat.counted(status.shards.count, "shard"), "placement \(status.placement)",
            "coordinator \(status.coordinator)", "map version \(status.mapVersion)", "theme \(state.theme.name)",
        ]
        canvas.put(parts: facts.map { ($0, theme[.textDim]) }, y: first + 1)
    }

    private func numbers(_ status: ClusterStatus) -> [(String, Style)] {
        let nodes = status.shards.flatMap(\.nodes)
        let running = nodes.count { $0.state == .running }
        let health = status.health.state == .down ? theme[.bad] : running == nodes.count ? theme[.good] : theme[.warn]
        let isNarrow = grid.width < 76
        let rates = status.opsPerSecond
        var parts: [(String, Style)] = []
        parts.append(("\(running)/\(nodes.count) \(isNarrow ? "up" : "nodes running")", health))
        if let rolling = state.nodes.rolling, rolling.outcome == .underWay {
            parts.append(("restart: \(rolling.progress)", theme[.stateSyncing]))
        }
        if let job = state.reshard.wizard.job, !job.job.state.isEnded {
            parts.append(("reshard \(Int(job.status.share * 100)) %", theme[.stateSyncing]))
        }
        parts.append((keys(status), theme[.text]))
        if !isNarrow { parts.append((NumberFormat.bytes(status.bytes), theme[.text])) }
        if isNarrow {
            parts.append(("\(NumberFormat.short(rates.total)) ops/s", theme[.text]))
        } else {
            parts.append(("\(NumberFormat.short(rates.read)) reads/s", theme[.graphRead]))
            parts.append(("\(NumberFormat.short(rates.write)) writes/s", theme[.graphWrite]))
        }
        return parts
    }

    private func style(of health: Health.State) -> Style {
        switch health {
        case .ok: theme[.good]
        case .degraded: theme[.warn]
        case .down: theme[.bad]
        }
    }

    /// The cluster's keys; of shards that nobody can be asked about, nothing is claimed.
    private func keys(_ status: ClusterStatus) -> String {
        let known = status.shards.count { shard in shard.keys > 0 || shard.nodes.contains { $0.state.serves } }
        guard known > 0 else { return "\(canvas.unknown) keys" }
        let number = grid.width < 100 ? NumberFormat.short(status.keys) : NumberFormat.full(status.keys)
        let all = "\(number) \(status.keys == 1 ? "key" : "keys")"
        return known == status.shards.count ? all : "\(all) in \(known) of \(status.shards.count) shards"
    }
}
