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
    let output: Int32
    let hasDefaultColors: Bool
    package let abilities: TerminalAbilities
    /// The terminal takes colours that its terminfo entry does not know.
    let paintsDirectly: Bool
    /// A descriptor that `nextEvent` looks at besides the terminal: it answers `.watched` when that is readable. -1 for
    /// none; who sets it must read it empty, else the event comes again and again.
    package var watched: Int32 = -1
    private let capture: OutputCapture?
    var shown: CellGrid?
    var looks: [Style: Look] = [:]
    private(set) var isClosed = false
    var inbox = TerminalInbox()
    var replies = ReplyFilter()
    /// Read and not handed out.
    var arrived: [TerminalEvent] = []
    var backgroundAskedAt: Int64 = 0
    var usesMouse = false
    var sizeCheckedAt: Int64 = 0

    /// A style in the terms of curses.
    struct Look {
        let attributes: attr_t
        let pair: Int32
    }

    /// More styles than any theme has, so that changing themes for ever does not grow the table.
    static let mostLooks = 4_096

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
                message: "the console needs a terminal for input and output; "
                    + "use --plain for lines of text, or --once for one frame"
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
                    + "or use --plain for lines of text, or --once for one frame"
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
        output = fileno(out)
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
        let environment = TerminalDriver.environment()
        colorDepth = ColorDepth(colors: Int(colors), environment: environment)
        abilities = TerminalAbilities(environment: environment)
        paintsDirectly = colorDepth == .trueColor && colors < 1 << 24
        shoal_install_crash(output, &before)
        size = (Int(shoal_columns()), Int(shoal_rows()))
        do throws(TerminalError) {
            capture = try logPath.map { path throws(TerminalError) in try OutputCapture(path: path) }
        } catch {
            capture = nil
            close()
            throw error
        }
        // Bracketed paste, so that pasted text is not taken for keys.
        send(Array("\u{1b}[?2004h".utf8))
    }

    deinit { close() }

    /// Gives the terminal back as it was, and the signals' handlers. May be called again.
    package func close() {
        guard !isClosed else { return }
        if usesMouse { _ = useMouse(false) }
        isClosed = true
        send(Array("\u{1b}[?2004l".utf8))
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

    /// Takes over a new size; the next `draw` sends everything.
    func adopt(width: Int, height: Int) {
        _ = shoal_resize(Int32(height), Int32(width))
        size = (width, height)
        repaint()
    }

    /// What says how many colours there are, and what is understood.
    private static func environment() -> [String: String] {
        var environment: [String: String] = [:]
        for name in ["NO_COLOR", "COLORTERM", "TERM", "TMUX", "STY"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        return environment
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
