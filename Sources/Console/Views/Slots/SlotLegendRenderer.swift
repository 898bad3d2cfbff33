import Model
import Routing
import Server
import Terminal

/// Draws the shards with the colour or letter of their slots.
struct SlotLegendRenderer: CanvasRenderer {
    let canvas: Canvas
    let view: SlotsState
    let layout: SlotsLayout

    private struct Column {
        var title: String
        var width: Int
        var text: (Share) -> String
    }

    /// What a shard has.
    private struct Share {
        var name: String
        var slots = 0
        /// nil: its leader did not answer.
        var keys: Int?
        var bytes: Int?
        var rate: Int?
    }

    func draw(_ slots: ClusterSlots) {
        let area = layout.legend
        guard area.height > 0, area.width > 8 else { return }
        let shares = Self.shares(slots)
        let hasTitles = area.height > 1
        let columns = legendColumns(width: layout.legendParts[0].width)
        for part in layout.legendParts where hasTitles { drawTitles(columns, part) }
        let selected = view.shard.flatMap { name in shares.firstIndex { $0.name == name } }
        let places = layout.legendPlaces(shards: shares.count, selected: selected)
        for (place, area) in places { drawShare(shares[place], place, columns, area) }
        if shares.count > places.count { drawMore(shares.count - places.count, area) }
    }

    private func drawMore(_ count: Int, _ area: Rect) {
        let text = " +\(count)"
        grid.put(text, x: area.endX - text.utf8.count, y: area.y, style: theme[.textDim])
    }

    private func drawTitles(_ columns: [Column], _ area: Rect) {
        var x = area.x + 2
        x += grid.put(
            SafeText.fitted("SHARD", to: nameWidth(columns, area)),
            x: x,
            y: area.y,
            style: theme[.tableHeader]
        )
        for column in columns {
            let title = SafeText.fitted(column.title, to: column.width, align: .right)
            x += grid.put(" " + title, x: x, y: area.y, style: theme[.tableHeader])
        }
    }

    private func drawShare(_ share: Share, _ place: Int, _ columns: [Column], _ area: Rect) {
        let isSelected = share.name == view.shard
        let isBlock = layout.isDoubled
        let sign = isBlock ? "█" : SlotCellsRenderer.letter(ofShard: place)
        let style = isSelected ? theme[.tableSelected] : theme[.tableRow]
        grid.fill(area, style: style)
        grid[area.x, area.y] = Cell(sign, style: theme[.series(place)].on(style.background))
        let name = SafeText.fitted(share.name, to: nameWidth(columns, area), ellipsis: glyphs.ellipsis)
        var x = area.x + 2
        x += grid.put(name, x: x, y: area.y, style: style)
        for column in columns {
            let text = SafeText.fitted(column.text(share), to: column.width, align: .right, ellipsis: glyphs.ellipsis)
            x += grid.put(" " + text, x: x, y: area.y, style: style)
        }
        if isSelected, view.panel == .shards {
            grid.put(String(glyphs.marker), x: area.x + 1, y: area.y, style: style)
        }
    }

    private func nameWidth(_ columns: [Column], _ area: Rect) -> Int {
        max(1, area.width - 2 - columns.reduce(0) { $0 + $1.width + 1 })
    }

    /// The more important values first, as long as a name of ten columns is left.
    private func legendColumns(width: Int) -> [Column] {
        let unknown = glyphs.isUnicode ? "–" : "-"
        let all = [
            Column(title: "SLOTS", width: 6) { NumberFormat.full($0.slots) },
            Column(title: "KEYS", width: 6) { $0.keys.map(NumberFormat.short) ?? unknown },
            Column(title: "SIZE", width: 8) { $0.bytes.map(NumberFormat.bytes) ?? unknown },
            Column(title: "OPS/S", width: 6) { $0.rate.map(NumberFormat.short) ?? unknown },
            Column(title: "SHARE", width: 6) { share in
                let tenths = (share.slots * 1_000 + SlotGrid.slotCount / 2) / SlotGrid.slotCount
                return "\(tenths / 10).\(tenths % 10) %"
            },
        ]
        var left = width - 2 - 10
        return all.prefix { column in
            left -= column.width + 1
            return left >= 0
        }
    }

    /// The sum, or the largest number there is.
    static func sum(_ values: [UInt64]) -> Int {
        values.reduce(0) { sum, value in
            let (next, isOver) = sum.addingReportingOverflow(Int(clamping: value))
            return isOver ? .max : next
        }
    }

    private static func shares(_ slots: ClusterSlots) -> [Share] {
        var shares = slots.map.shardNames.map { name in
            let isKnown = !slots.unknownShards.contains(name)
            return Share(name: name, keys: isKnown ? 0 : nil, bytes: isKnown ? 0 : nil, rate: isKnown ? 0 : nil)
        }
        for (slot, owner) in slots.map.owners.enumerated() {
            let values = slots.slots[slot]
            let place = Int(owner)
            shares[place].slots += 1
            shares[place].keys = shares[place].keys.map { sum([UInt64($0), values.keys]) }
            shares[place].bytes = shares[place].bytes.map { sum([UInt64($0), values.bytes]) }
            shares[place].rate = shares[place].rate.flatMap { rate in values.rate.map { sum([UInt64(rate), $0]) } }
        }
        return shares
    }
}
