import Server
import Terminal

/// Draws one line of what happened or was done.
struct EventLineRenderer: CanvasRenderer {
    let canvas: Canvas

    func draw(_ entry: AuditEntry, y: Int) {
        let (sign, role): (String, ThemeRole) =
            switch entry.outcome {
            case .underWay: (canvas.spinner, .stateSyncing)
            case .good: (String(glyphs.bullet), .good)
            case .bad: ("x", .bad)
            }
        canvas.put(canvas.time(entry.unixSeconds), y: y, style: theme[.textDim])
        canvas.put(sign, x: 11, y: y, style: theme[role])
        var x = 13
        for (text, style) in [
            ("\(entry.who) ", theme[.textDim]), (entry.what, theme[.textStrong]), (": \(entry.result)", theme[role]),
        ] {
            canvas.put(text, x: x, y: y, style: style)
            x += SafeText.width(text)
        }
    }

    func draw(_ event: ClusterEvent, y: Int) {
        let (sign, style) = look(event.severity)
        canvas.put(canvas.time(event.unixSeconds), y: y, style: theme[.textDim])
        canvas.put(sign, x: 11, y: y, style: style)
        canvas.put(event.text, x: 13, y: y, style: style)
    }

    private func look(_ severity: ClusterEvent.Severity) -> (String, Style) {
        switch severity {
        case .info: (" ", theme[.eventInfo])
        case .success: (String(glyphs.bullet), theme[.good])
        case .warning: ("!", theme[.eventWarning])
        case .error: ("x", theme[.eventError])
        }
    }
}
