import Model
import Server
import Terminal

/// Draws the keys' view.
struct KeysRenderer: CanvasRenderer {
    let canvas: Canvas
    let view: KeysState
    let cluster: String
    /// The name of the key that opens a value.
    let openKey: String
    /// The clock of events, in milliseconds.
    let now: Int

    func draw() {
        let layout = KeysLayout(width: grid.width, height: grid.height)
        let isOpen = view.opened != nil
        if let row = layout.view.title { canvas.divider(row, title: title, isFocused: true) }
        if !isOpen || layout.isBeside {
            drawCount(y: layout.list.y - 1, width: layout.list.width)
            drawKeys(layout.list)
        }
        if isOpen {
            drawValue(layout.value)
        } else if layout.isBeside, !view.keys.isEmpty {
            canvas.put("\(openKey) shows the value", x: layout.value.x, y: layout.value.y, style: theme[.textDim])
        }
    }

    private var title: String {
        var title = "\(cluster)\(canvas.crumb)keys"
        if !view.prefix.isEmpty { title += "\(canvas.separator)prefix \(KeyText.name(of: view.prefix, limit: 256))" }
        if let key = view.opened { title += "\(canvas.crumb)\(KeyText.name(of: key, limit: 256))" }
        return title
    }

    /// How many keys there are, and whose are missing.
    private func drawCount(y: Int, width: Int) {
        var text = NumberFormat.counted(view.keys.count, "key")
        var style = theme[.textDim]
        if let asked = view.askedAt {
            let seconds = max(0, now - asked) / 1_000
            text = "\(canvas.spinner) \(text), asking for more" + (seconds > 0 ? " for \(seconds) s" : "")
        } else if !view.isLast {
            text += view.keys.count >= KeysState.keysMax ? " and more: give a longer prefix" : " and more"
        }
        if let (shard, reason) = view.missing.min(by: { $0.key < $1.key }) {
            let others = view.missing.count > 1 ? " and \(view.missing.count - 1) other shards" : ""
            text += "\(canvas.separator)without \(shard)\(others): \(reason)"
            style = theme[.warn]
        }
        grid.put(
            SafeText.truncated(text, to: width, ellipsis: glyphs.ellipsis),
            x: 2,
            y: y,
            style: style,
            maxWidth: width
        )
    }

    private func drawKeys(_ area: Rect) {
        let top = DashboardLayout.scrolled(
            top: view.top,
            selected: view.selected,
            visible: area.height,
            total: view.keys.count
        )
        if view.keys.isEmpty, view.isLast, area.height > 0 {
            let text = view.prefix.isEmpty ? "no keys; :put KEY VALUE writes one" : "no key begins with that"
            canvas.put(text, x: area.x + 1, y: area.y, style: theme[.textDim])
        }
        for (line, index) in (top..<min(view.keys.count, top + area.height)).enumerated() {
            // Four bytes make at most one column less than nothing: more of a long key is never seen.
            let text = KeyText.name(of: view.keys[index], limit: max(16, area.width * 4))
            let isSelected = index == view.selected
            let style = isSelected ? theme[.tableSelected] : theme[.tableRow]
            let row =
                (isSelected ? String(glyphs.marker) : " ")
                + SafeText.fitted(text, to: max(0, area.width - 1), ellipsis: glyphs.ellipsis)
            grid.put(row, x: area.x, y: area.y + line, style: style, maxWidth: area.width)
        }
    }

    private func drawValue(_ area: Rect) {
        let y = area.y - 1
        guard let value = view.value else {
            let text = view.failure ?? "\(canvas.spinner) reading the value"
            return canvas.put(text, x: area.x, y: y, style: view.failure == nil ? theme[.text] : theme[.bad])
        }
        guard let bytes = value.bytes else {
            return canvas.put("there is no such key", x: area.x, y: y, style: theme[.warn])
        }
        var facts = "\(NumberFormat.bytes(value.count))\(canvas.separator)as \(view.form.rawValue)\(canvas.separator)"
        facts += expiryText(value.expiry)
        if bytes.count < value.count { facts += "\(canvas.separator)the first \(NumberFormat.bytes(bytes.count))" }
        canvas.put(facts, x: area.x, y: y, style: theme[.textDim])
        let lines = ValueText.lines(bytes, form: view.form, width: area.width)
        let rows = max(1, area.height - 1)
        let top = min(max(0, view.valueTop), max(0, lines.count - rows))
        for (line, text) in lines.dropFirst(top).prefix(rows).enumerated() {
            grid.put(text, x: area.x, y: area.y + line, style: theme[.text], maxWidth: area.width)
        }
        if lines.count > rows {
            let text = "lines \(top + 1)-\(min(lines.count, top + rows)) of \(lines.count)"
            canvas.put(text, x: area.x, y: area.endY - 1, style: theme[.textDim])
        }
    }

    private func expiryText(_ expiry: ClusterClient.Expiry) -> String {
        switch expiry {
        case .noKey: "gone meanwhile"
        case .never: "never expires"
        case .milliseconds(let left): "expires in \(NumberFormat.duration(seconds: (left + 999) / 1_000))"
        }
    }
}
