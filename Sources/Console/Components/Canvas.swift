import Terminal

/// What the parts of a frame draw on: the cells, their looks, and what all parts draw alike. It lives for one frame.
final class Canvas {
    var grid: CellGrid
    let theme: Theme
    let glyphs: GlyphSet
    /// The style of the frame, which tells environments apart.
    let frameStyle: Style
    /// Something lies over the view and has the keyboard.
    let isCovered: Bool
    private let clock: ConsoleClock

    /// - Parameter clock: what the spinner turns by, and what times are told by.
    init(
        width: Int,
        height: Int,
        theme: Theme,
        glyphs: GlyphSet,
        frameStyle: Style,
        isCovered: Bool,
        clock: ConsoleClock
    ) {
        grid = CellGrid(width: width, height: height, style: theme[.text])
        self.theme = theme
        self.glyphs = glyphs
        self.frameStyle = frameStyle
        self.isCovered = isCovered
        self.clock = clock
    }

    /// The inside of the frame, left to right.
    var inner: Int { max(0, grid.width - 2) }

    /// Between the parts of a breadcrumb.
    var crumb: String { glyphs.isUnicode ? " › " : " > " }

    /// Where things stand apart in one line.
    var separator: String { glyphs.isUnicode ? " · " : " | " }

    /// Where a number is not known.
    var unknown: String { glyphs.isUnicode ? "–" : "-" }

    /// One turn of the spinner takes a second; it moves with the clock of the events.
    var spinner: String {
        let frames: [String] =
            glyphs.isUnicode ? ["⠋", "⠙", "⠹", "⠸", "⠴", "⠦", "⠇", "⠏"] : ["|", "/", "-", "\\"]
        let turn = (clock.milliseconds % 1_000 + 1_000) % 1_000
        return frames[turn * frames.count / 1_000]
    }

    /// When something happened: the time of day, or how long ago where that was another day.
    func time(_ unixSeconds: Int) -> String {
        let age = clock.unixSeconds - unixSeconds
        // The time of another day would be taken for one of this.
        if age >= 86_400 { return "-" + NumberFormat.duration(seconds: age) }
        return NumberFormat.timeOfDay(unixSeconds: unixSeconds, utcOffsetSeconds: clock.utcOffsetSeconds)
    }

    /// A line across the frame with a title; `isFocused`: its panel has the keyboard.
    func divider(_ y: Int, title: String, isFocused: Bool) {
        let isFocused = isFocused && !isCovered
        let style = isFocused ? theme[.frameFocused] : frameStyle
        grid.rule(x: 1, y: y, width: inner, glyphs: glyphs, style: style)
        grid.put(String(glyphs.teeLeft), x: 0, y: y, style: frameStyle)
        grid.put(String(glyphs.teeRight), x: grid.width - 1, y: y, style: frameStyle)
        let label = SafeText.truncated(title, to: max(0, inner - 4), ellipsis: glyphs.ellipsis)
        // The panel with the keyboard is seen without colours, too.
        let mark = isFocused ? String(glyphs.marker) : " "
        grid.put("\(mark)\(label) ", x: 2, y: y, style: isFocused ? theme[.frameFocused] : theme[.title])
    }

    /// Writes parts with separators as long as whole ones fit.
    func put(parts: [(String, Style)], y: Int) {
        var x = 2
        for (index, part) in parts.enumerated() {
            let lead = index == 0 ? "" : separator
            guard x + SafeText.width(lead + part.0) <= grid.width - 2 || index == 0 else { return }
            x += grid.put(lead, x: x, y: y, style: theme[.textDim])
            x += grid.put(part.0, x: x, y: y, style: part.1, maxWidth: max(0, grid.width - 2 - x))
        }
    }

    /// Text inside the frame, cut with an ellipsis.
    func put(_ text: String, x: Int = 2, y: Int, style: Style) {
        let room = max(0, grid.width - 1 - x)
        grid.put(
            SafeText.truncated(text, to: room, ellipsis: glyphs.ellipsis),
            x: x,
            y: y,
            style: style,
            maxWidth: room
        )
    }

    /// Breaks at spaces; a word longer than a line is cut.
    static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in SafeText.display(text).split(separator: " ", omittingEmptySubsequences: false) {
            let candidate = line.isEmpty ? String(word) : "\(line) \(word)"
            if SafeText.width(candidate) <= width || line.isEmpty {
                line = candidate
            } else {
                lines.append(line)
                line = String(word)
            }
        }
        lines.append(line)
        return lines.map { SafeText.truncated($0, to: width) }
    }
}

/// A part of the frame. It draws on a canvas and changes nothing else.
protocol CanvasRenderer {
    var canvas: Canvas { get }
}

extension CanvasRenderer {
    var grid: CellGrid {
        get { canvas.grid }
        nonmutating _modify { yield &canvas.grid }
    }
    var theme: Theme { canvas.theme }
    var glyphs: GlyphSet { canvas.glyphs }
}
