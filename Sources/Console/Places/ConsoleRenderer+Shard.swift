import Server
import Terminal

extension ConsoleRenderer {
    /// The shard's own details below the rows of its nodes, as many lines as there is room for.
    mutating func drawShardFields() {
        let divider = layout.tableRows.lowerBound + state.rows.count
        guard divider + 1 < layout.tableRows.upperBound else { return }
        let area = divider + 1..<layout.tableRows.upperBound
        let lines = state.shardFieldLines
        let left = lines.count - area.count
        drawDivider(divider, title: left > 0 ? "Shard\(separator)\(left) lines more" : "Shard", isFocused: false)
        draw(lines, in: area)
    }
}
