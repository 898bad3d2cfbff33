import Routing
import Server
import Terminal

extension ConsoleRenderer {
    mutating func drawSlotsView() {
        let isDoubled = state.usesBlocks && glyphs.isUnicode && theme.hasColors
        let layout = state.slotsLayout(width: grid.width, height: grid.height, isDoubled: isDoubled)
        drawInformation(layout.view.information)
        if let row = layout.view.title {
            drawDivider(row, title: slotsTitle(layout.grid), isFocused: state.slotsView.panel == .grid)
        }
        guard let slots = state.slots else {
            return put(
                "\(spinner) asking the leaders for their slots",
                y: layout.cells.y,
                style: theme[.text]
            )
        }
        let chart = SlotChart(
            slots,
            grid: layout.grid,
            shade: state.slotsView.shade,
            names: state.slotShards,
            moves: state.slotMoves,
            shard: state.slotsView.shard
        )
        draw(chart, at: layout.cells, isDoubled: isDoubled, cursor: state.slotsView.cursor)
        drawLabels(layout)
        drawCursorLine(layout, slots, most: chart.most)
        drawLegend(layout, slots)
    }

    private func slotsTitle(_ grid: SlotGrid) -> String {
        let cluster = state.snapshot?.status.cluster ?? "cluster"
        var title = "\(cluster)\(crumb)slots"
        if let shard = state.slotsView.shard { title += "\(crumb)\(shard)" }
        title += "\(separator)by \(state.slotsView.shade.rawValue)\(separator)"
        return title + (grid.slotsPerCell == 1 ? "a cell is a slot" : "a cell is \(grid.slotsPerCell) slots")
    }

    /// The first slot of each line; the cursor's line is marked.
    private mutating func drawLabels(_ layout: SlotsLayout) {
        let rows = layout.isDoubled && layout.grid.rows > 1 ? 2 : 1
        let cursorRow = layout.grid.cell(of: state.slotsView.cursor) / layout.grid.columns / rows
        for line in 0..<layout.cells.height {
            let slot = layout.grid.slots(ofCell: line * rows * layout.grid.columns).lowerBound
            let isCursors = line == cursorRow && state.slotsView.panel == .grid
            let label = (isCursors ? String(glyphs.marker) : " ") + SafeText.fitted("\(slot)", to: 5, align: .right)
            put(
                label,
                x: layout.cells.x - SlotsLayout.labelWidth,
                y: layout.cells.y + line,
                style: isCursors ? theme[.textStrong] : theme[.textDim]
            )
        }
    }

    /// `slots 64-79 · shard0 · 120 keys · 9.4 KiB · 12 ops/s`, and what the shades stand for.
    private mutating func drawCursorLine(_ layout: SlotsLayout, _ slots: ClusterSlots, most: UInt64) {
        let range = layout.grid.slots(ofCell: layout.grid.cell(of: state.slotsView.cursor))
        var parts = [(range.count == 1 ? "slot \(range.lowerBound)" : "slots \(state.slotsText)", theme[.textStrong])]
        parts.append((owners(range, slots.map), theme[.text]))
        if range.allSatisfy(slots.isKnown) {
            let all = slots.slots[range]
            let keys = Self.sum(all.map(\.keys))
            parts.append(("\(NumberFormat.short(keys)) \(keys == 1 ? "key" : "keys")", theme[.text]))
            parts.append((NumberFormat.bytes(Self.sum(all.map(\.bytes))), theme[.text]))
            if all.allSatisfy({ $0.rate != nil }) {
                parts.append(("\(NumberFormat.short(Self.sum(all.compactMap(\.rate)))) ops/s", theme[.text]))
            }
        } else {
            parts.append(("its leader does not answer", theme[.warn]))
        }
        putParts(parts, y: layout.cursorLine)
        drawScale(layout, most: most)
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
        let targets = state.slotMoves.filter {
            Int($0.slots.upperBound) >= range.lowerBound && Int($0.slots.lowerBound) < range.upperBound
        }
        if let target = targets.first?.target { text += " \(glyphs.arrowRight) \(target)" }
        return text
    }

    /// At the right end of the cursor's line: from nothing to the most a cell has.
    private mutating func drawScale(_ layout: SlotsLayout, most: UInt64) {
        guard state.slotsView.shade != .owner, grid.width >= 100 else { return }
        let value = Int(clamping: most)
        let text =
            switch state.slotsView.shade {
            case .owner, .keys: "\(NumberFormat.short(value)) keys"
            case .bytes: NumberFormat.bytes(value)
            case .ops: "\(NumberFormat.short(value)) ops/s"
            }
        var x = grid.width - 4 - SafeText.width(text) - SlotChart.levels - 2
        x += grid.put("0 ", x: x, y: layout.cursorLine, style: theme[.textDim])
        for level in 0...SlotChart.levels {
            let (glyph, style) = look(heat: level)
            x += grid.put(String(glyph), x: x, y: layout.cursorLine, style: style)
        }
        grid.put(" \(text)", x: x, y: layout.cursorLine, style: theme[.textDim])
    }

    static func sum(_ values: [UInt64]) -> Int {
        values.reduce(0) { sum, value in
            let (next, isOver) = sum.addingReportingOverflow(Int(clamping: value))
            return isOver ? .max : next
        }
    }
}
