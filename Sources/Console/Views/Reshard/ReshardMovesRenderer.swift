import Model
import Resharding
import Routing
import Terminal

/// Draws the hand-overs of a plan or a job.
struct ReshardMovesRenderer: CanvasRenderer {
    let canvas: Canvas

    /// The hand-overs in their order.
    func draw(_ moves: [ReshardMove], top: Int, _ area: Rect, note: (ReshardMove) -> String) {
        guard area.height > 1 else { return }
        let rest = max(10, area.width - 59)
        let columns = [
            Canvas.Column(title: "MOVE", width: 5), Canvas.Column(title: "SLOTS", width: 12, isName: true),
            Canvas.Column(title: "FROM, TO", width: 18, isName: true), Canvas.Column(title: "KEYS", width: 6),
            Canvas.Column(title: "SIZE", width: 8), Canvas.Column(title: "", width: rest, isName: true),
        ]
        let rows = Canvas.scrolled(moves, by: top, visible: area.height - 1).map { move -> [String] in
            [
                "\(move.index + 1)", Self.short(move.slots), "\(move.source) \(glyphs.arrowRight) \(move.target)",
                NumberFormat.short(Int(clamping: move.keys)), NumberFormat.bytes(Int(clamping: move.bytes)), note(move),
            ]
        }
        canvas.table(columns, rows, area)
    }

    /// A list of slots in a narrow column: its first range, and how many slots there are.
    private static func short(_ slots: SlotList) -> String {
        guard let first = slots.ranges.first else { return "none" }
        if slots.ranges.count == 1 { return slots.description }
        return "\(first.lowerBound),+\(slots.count - 1)"
    }
}

extension ReshardStatus {
    /// How much of the job is done: by bytes, where there are any, since slots may be of very different sizes.
    var share: Double {
        if bytesTotal > 0 { return Double(bytesMoved) / Double(bytesTotal) }
        return Double(slotsMoved) / Double(max(1, slotsTotal))
    }
}

extension ReshardAmount {
    /// `12.3k keys, 900 KiB`
    var text: String {
        let keys = Int(clamping: keys)
        return "\(NumberFormat.short(keys)) \(keys == 1 ? "key" : "keys"), \(NumberFormat.bytes(Int(clamping: bytes)))"
    }
}
