import CNcurses
import Glibc

extension TerminalDriver {
    /// Shows a frame: sends the cells that changed since the last one, and nothing at all if none did.
    package func draw(_ grid: CellGrid) {
        guard !isClosed, !shoal_has_crashed() else { return }
        let runs = grid.changes(since: shown)
        guard !runs.isEmpty else { return }
        if paintsDirectly { paint(runs, of: grid) } else { put(runs, of: grid) }
        shown = grid
    }

    /// Makes the next `draw` send everything, whatever is on the screen: Ctrl-L.
    package func repaint() {
        guard !isClosed else { return }
        shown = nil
        shoal_repaint_all()
    }

    private func put(_ runs: [CellGrid.Run], of grid: CellGrid) {
        for run in runs where run.y < size.height {
            for x in run.columns where x < size.width { put(grid[x, run.y], x: x, y: run.y) }
        }
        shoal_show()
    }

    /// Past curses, which clears the screen before the first frame and is blank ever after.
    private func paint(_ runs: [CellGrid.Run], of grid: CellGrid) {
        if shown == nil { shoal_show() }
        let painter = DirectColorPainter(width: size.width, height: size.height, agrees: agrees)
        send(painter.bytes(runs, of: grid))
    }

    /// Where the terminal counts columns otherwise, everything right of the glyph would shift.
    private func agrees(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 0x7f { return true }
        return usesUnicode && Int(shoal_curses_width(scalar.value)) == DisplayWidth.columns(of: scalar)
    }

    private func put(_ cell: Cell, x: Int, y: Int) {
        guard !cell.isTrailing else { return }
        let look = look(of: cell.style)
        let columns = DisplayWidth.columns(of: cell.scalar)
        if agrees(cell.scalar), x + columns <= size.width {
            shoal_put(Int32(y), Int32(x), cell.scalar.value, look.attributes, look.pair)
        } else {
            for offset in 0..<min(max(1, columns), size.width - x) {
                shoal_put(Int32(y), Int32(x + offset), 0x3f, look.attributes, look.pair)
            }
        }
    }

    private func look(of style: Style) -> Look {
        if let known = looks[style] { return known }
        let pair: Int32
        if colorDepth == .mono {
            pair = 0
        } else {
            let foreground = number(of: style.foreground, otherwise: 7)
            pair = shoal_pair(foreground, number(of: style.background, otherwise: 0))
        }
        let set = style.attributes
        let look = Look(
            attributes: shoal_attributes(
                set.contains(.bold),
                set.contains(.dim),
                set.contains(.reverse),
                set.contains(.underline)
            ),
            pair: pair
        )
        if looks.count >= TerminalDriver.mostLooks { looks.removeAll() }
        looks[style] = look
        return look
    }

    private func number(of color: Color, otherwise: Int32) -> Int32 {
        switch color.reduced(to: colorDepth) {
        case .terminal: return hasDefaultColors ? -1 : otherwise
        case .indexed(let index) where colorDepth != .trueColor || index < 8: return Int32(index)
        case let direct:
            guard let (red, green, blue) = direct.components else { return otherwise }
            let number = Int32(red << 16 | green << 8 | blue)
            // Direct-colour terminals keep 0 to 7 for the named colours; so dark a blue is black.
            return number < 8 ? 0 : number
        }
    }

    /// Past curses, which keeps its own buffer: only for what does not depend on the order, or when that is empty.
    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(output, $0.baseAddress.map { $0 + sent }, $0.count - sent)
            }
            if count >= 0 {
                sent += count
            } else if errno == EAGAIN {
                // As curses does, this waits for a terminal that is slow or was stopped with Ctrl-S.
                var descriptor = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
                _ = poll(&descriptor, 1, -1)
            } else if errno != EINTR {
                // The terminal is gone; reading from it says so.
                return
            }
        }
    }
}
