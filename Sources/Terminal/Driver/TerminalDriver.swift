import CNcurses
import Glibc

/// The one door to the real terminal, through ncurses. Belongs to the thread that opened it (the UI thread, best the
/// main thread); only its `waker` may be used from others. There is one at a time in a process.
package final class TerminalDriver {
    /// Whether the locale is UTF-8. If not, draw with `GlyphSet.ascii`: other glyphs are shown as `?`.
    package let usesUnicode: Bool
    /// For `Theme.reduced(to:)`; `.mono` where `NO_COLOR` is set.
    package let colorDepth: ColorDepth
    /// Wakes `nextEvent` from any thread.
    package let waker: TerminalWaker
    /// Columns and rows now; changes only by a `resize` event.
    package internal(set) var size: (width: Int, height: Int)

    let input: Int32
    let signalReader: Int32
    private let signalWriter: Int32
    private let files: (out: UnsafeMutablePointer<FILE>, in: UnsafeMutablePointer<FILE>)
    private let termios: termios
    private let hasDefaultColors: Bool
    private let capture: OutputCapture?
    private var shown: CellGrid?
    private var looks: [Style: Look] = [:]
    private var isClosed = false
    var inbox = TerminalInbox()
    var sizeCheckedAt: Int64 = 0

    /// A style in the terms of curses.
    private struct Look {
        let attributes: attr_t
        let pair: Int32
    }

    /// More styles than any theme has, so that changing themes for ever does not grow the table.
    private static let mostLooks = 4_096

    /// The glyphs of the set that can be drawn here.
    package var glyphs: GlyphSet { usesUnicode ? .unicode : .ascii }

    /// Takes the terminal over: full screen, keys without echo, Ctrl-C and Ctrl-Z as keys. SIGINT, SIGTERM and SIGHUP
    /// become events; a crash restores the screen before the process ends. Call before other threads start: it sets
    /// the locale.
    /// - Parameter logPath: a file that gets what the process prints while the terminal is open; nil lets it print.
    package static func open(capturingOutputTo logPath: String? = nil) throws(TerminalError) -> TerminalDriver {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
            throw TerminalError(
                code: .notATerminal,
                message: "the console needs a terminal for input and output; use --once for plain text"
            )
        }
        guard !shoal_is_open() else {
            throw TerminalError(code: .alreadyOpen, message: "the terminal is open already in this process")
        }
        let fitness = shoal_terminal_fitness(STDOUT_FILENO)
        guard fitness == 1 else {
            let name = getenv("TERM").map { SafeText.display(String(cString: $0)) } ?? ""
            let reason = fitness < 0 ? "is unknown here" : "cannot address its cursor"
            throw TerminalError(
                code: .unsuitableTerminal,
                message: "TERM='\(name)' \(reason); set TERM to what your terminal is (xterm-256color fits most), "
                    + "or use --once for plain text"
            )
        }
        return try TerminalDriver(logPath: logPath)
    }

    private init(logPath: String?) throws(TerminalError) {
        usesUnicode = shoal_set_locale()
        waker = try TerminalWaker()
        (signalReader, signalWriter) = try TerminalWaker.makePipe()
        var before = Glibc.termios()
        tcgetattr(STDIN_FILENO, &before)
        termios = before
        guard let out = TerminalDriver.file(STDOUT_FILENO, "w"), let input = TerminalDriver.file(STDIN_FILENO, "r")
        else {
            throw TerminalError(code: .system, message: "cannot open the terminal: \(String(cString: strerror(errno)))")
        }
        files = (out, input)
        self.input = fileno(input)
        // Before newterm: curses leaves handlers alone that are there already, and its own end the process.
        shoal_install_signals(signalWriter)
        guard shoal_newterm(out, input) else {
            shoal_remove_signals()
            throw TerminalError(code: .unsuitableTerminal, message: "ncurses cannot use this terminal; check TERM")
        }
        shoal_setup()
        var hasDefault = false
        let colors = shoal_start_color(&hasDefault)
        hasDefaultColors = hasDefault
        colorDepth = ColorDepth(colors: Int(colors), noColor: getenv("NO_COLOR").map { String(cString: $0) })
        shoal_install_crash(fileno(out), &before)
        size = (Int(shoal_columns()), Int(shoal_rows()))
        do throws(TerminalError) {
            capture = try logPath.map { path throws(TerminalError) in try OutputCapture(path: path) }
        } catch {
            capture = nil
            close()
            throw error
        }
        // Bracketed paste, so that pasted text is not taken for keys.
        write("\u{1b}[?2004h")
    }

    deinit { close() }

    /// Gives the terminal back as it was, and the signals' handlers. May be called again.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        write("\u{1b}[?2004l")
        shoal_endwin()
        var before = termios
        tcsetattr(input, TCSADRAIN, &before)
        shoal_remove_signals()
        fclose(files.out)
        fclose(files.in)
        Glibc.close(signalReader)
        Glibc.close(signalWriter)
        capture?.restore()
    }

    /// Shows a frame: sends the cells that changed since the last one, and nothing at all if none did.
    package func draw(_ grid: CellGrid) {
        guard !isClosed, !shoal_has_crashed() else { return }
        let runs = grid.changes(since: shown)
        guard !runs.isEmpty else { return }
        for run in runs where run.y < size.height {
            for x in run.columns where x < size.width { put(grid[x, run.y], x: x, y: run.y) }
        }
        shown = grid
        shoal_show()
    }

    /// Makes the next `draw` send everything, whatever is on the screen: Ctrl-L.
    package func repaint() {
        guard !isClosed else { return }
        shown = nil
        shoal_repaint_all()
    }

    private func put(_ cell: Cell, x: Int, y: Int) {
        guard !cell.isTrailing else { return }
        let look = look(of: cell.style)
        let columns = DisplayWidth.columns(of: cell.scalar)
        // Where curses counts otherwise, everything right of the glyph would shift.
        let agrees = cell.scalar.value < 0x7f || (usesUnicode && shoal_curses_width(cell.scalar.value) == columns)
        if agrees, x + columns <= size.width {
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

    /// Past curses, which keeps its own buffer: only for what does not depend on the order.
    private func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(fileno(files.out), bytes, bytes.count)
    }

    /// Takes over a new size; the next `draw` sends everything.
    func adopt(width: Int, height: Int) {
        _ = shoal_resize(Int32(height), Int32(width))
        size = (width, height)
        repaint()
    }

    private static func file(_ descriptor: Int32, _ mode: String) -> UnsafeMutablePointer<FILE>? {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { return nil }
        guard let file = fdopen(copy, mode) else {
            Glibc.close(copy)
            return nil
        }
        return file
    }
}
