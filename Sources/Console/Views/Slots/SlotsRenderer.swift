import Model
import Routing
import Server
import Terminal

/// Draws the slots' view.
struct SlotsRenderer: CanvasRenderer {
    let canvas: Canvas
    let view: SlotsState
    /// The shards in the order of the legend.
    let shards: [String]
    /// Slots on their way to another shard.
    let moves: [SlotMove]
    let cluster: String
    let layout: SlotsLayout

    func draw() {
        if let row = layout.view.title {
            canvas.divider(row, title: title, isFocused: view.panel == .grid)
        }
        guard let slots = view.known else {
            return canvas.put(
                "\(canvas.spinner) asking the leaders for their slots",
                y: layout.cells.y,
                style: theme[.text]
            )
        }
        let chart = SlotChart(
            slots,
            grid: layout.grid,
            shade: view.shade,
            names: shards,
            moves: moves,
            shard: view.shard
        )
        let cells = SlotCellsRenderer(canvas: canvas)
        cells.draw(chart, at: layout.cells, isDoubled: layout.isDoubled, cursor: view.cursor)
        drawLabels()
        drawCursorLine(slots, most: chart.most)
        SlotLegendRenderer(canvas: canvas, view: view, layout: layout).draw(slots)
    }

    private var title: String {
        var title = "\(cluster)\(canvas.crumb)slots"
        if let shard = view.shard { title += "\(canvas.crumb)\(shard)" }
        title += "\(canvas.separator)by \(view.shade.rawValue)\(canvas.separator)"
        return title
            + (layout.grid.slotsPerCell == 1 ? "a cell is a slot" : "a cell is \(layout.grid.slotsPerCell) slots")
    }

    /// The first slot of each line; the cursor's line is marked.
    private func drawLabels() {
        let rows = layout.isDoubled && layout.grid.rows > 1 ? 2 : 1
        let cursorRow = layout.grid.cell(of: view.cursor) / layout.grid.columns / rows
        for line in 0..<layout.cells.height {
            let slot = layout.grid.slots(ofCell: line * rows * layout.grid.columns).lowerBound
            let isCursors = line == cursorRow && view.panel == .grid
            let label = (isCursors ? String(glyphs.marker) : " ") + SafeText.fitted("\(slot)", to: 5, align: .right)
            canvas.put(
                label,
                x: layout.cells.x - SlotsLayout.labelWidth,
                y: layout.cells.y + line,
                style: isCursors ? theme[.textStrong] : theme[.textDim]
            )
        }
    }

    /// `slots 64-79 · shard0 · 120 keys · 9.4 KiB · 12 ops/s`, and what the shades stand for.
    private func drawCursorLine(_ slots: ClusterSlots, most: UInt64) {
        let range = layout.grid.slots(ofCell: layout.grid.cell(of: view.cursor))
        var parts = [
            (
                range.count == 1 ? "slot \(range.lowerBound)" : "slots \(range.lowerBound)-\(range.upperBound - 1)",
                theme[.textStrong]
            )
        ]
        parts.append((owners(range, slots.map), theme[.text]))
        if range.allSatisfy(slots.isKnown) {
            let all = slots.slots[range]
            let keys = SlotLegendRenderer.sum(all.map(\.keys))
            parts.append(("\(NumberFormat.short(keys)) \(keys == 1 ? "key" : "keys")", theme[.text]))
            parts.append((NumberFormat.bytes(SlotLegendRenderer.sum(all.map(\.bytes))), theme[.text]))
            if all.allSatisfy({ $0.rate != nil }) {
                parts.append(
                    ("\(NumberFormat.short(SlotLegendRenderer.sum(all.compactMap(\.rate)))) ops/s", theme[.text])
                )
            }
        } else {
            parts.append(("its leader does not answer", theme[.warn]))
        }
        canvas.put(parts: parts, y: layout.cursorLine)
        drawScale(most: most)
    }

    /// Who owns the slots, and where they go.
    private func owners(_ range: Range<Int>, _ map: SlotMap) -> String {
        var counts: [(UInt16, Int)] = []
        for slot in range {
            let owner = map.owners[slot]
            if let index = counts.firstIndex(where: { $0.0 == owner }) {
                counts[index].1 += 1
            } else {
                counts.append((owner, 1))
            }
        }
        let shown = counts.prefix(3).map { owner, count in
            counts.count == 1 ? map.shardNames[Int(owner)] : "\(map.shardNames[Int(owner)]) \(count)"
        }
        var text = shown.joined(separator: ", ")
        if counts.count > 3 { text += ", +\(counts.count - 3)" }
        let targets = moves.filter {
            Int($0.slots.upperBound) >= range.lowerBound && Int($0.slots.lowerBound) < range.upperBound
        }
        if let target = targets.first?.target { text += " \(glyphs.arrowRight) \(target)" }
        return text
    }

    /// At the right end of the cursor's line: from nothing to the most a cell has.
    private func drawScale(most: UInt64) {
        guard view.shade != .owner, grid.width >= 100 else { return }
        let value = Int(clamping: most)
        let text =
            switch view.shade {
            case .owner, .keys: "\(NumberFormat.short(value)) keys"
            case .bytes: NumberFormat.bytes(value)
            case .ops: "\(NumberFormat.short(value)) ops/s"
            }
        let cells = SlotCellsRenderer(canvas: canvas)
        var x = grid.width - 4 - SafeText.width(text) - SlotChart.levels - 2
        x += grid.put("0 ", x: x, y: layout.cursorLine, style: theme[.textDim])
        for level in 0...SlotChart.levels {
            let (glyph, style) = cells.look(heat: level)
            x += grid.put(String(glyph), x: x, y: layout.cursorLine, style: style)
        }
        grid.put(" \(text)", x: x, y: layout.cursorLine, style: theme[.textDim])
    }
}
