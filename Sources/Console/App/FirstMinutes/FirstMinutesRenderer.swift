import Routing
import Terminal

/// Draws the page before the console: what is wrong, the file, what to press. The same state, size, theme and glyphs always
/// give the same cells.
package struct FirstMinutesRenderer {
    private let state: FirstMinutes
    private let theme: Theme
    private let glyphs: GlyphSet
    private var grid: CellGrid

    package static func render(
        _ state: FirstMinutes,
        width: Int,
        height: Int,
        theme: Theme,
        glyphs: GlyphSet
    ) -> CellGrid {
        var renderer = FirstMinutesRenderer(
            state: state,
            theme: theme,
            glyphs: glyphs,
            grid: CellGrid(width: width, height: height, style: theme[.text])
        )
        renderer.draw()
        return renderer.grid
    }

    private var room: Int { max(0, grid.width - 4) }

    private mutating func draw() {
        guard grid.width >= 2, grid.height >= 2 else { return }
        grid.box(grid.bounds, glyphs: glyphs, style: theme[.frame])
        grid.put(" shoal ", x: 2, y: 0, style: theme[.frame].adding(.bold), maxWidth: room)
        var y = 1
        for (line, style) in wordLines where y < grid.height - 1 {
            grid.put(line, x: 2, y: y, style: style, maxWidth: room)
            y += 1
        }
        drawFile(from: y)
        drawHints()
    }

    /// What is the matter, as lines. Advice goes before the place in the file that it is about.
    private var wordLines: [(String, Style)] {
        let lines = words.map { text, style in Canvas.wrapped(text, width: room).map { ($0, style) } }
        guard case .broken = state.finding, grid.height - 3 - lines.joined().count < Self.fileRowsMin else {
            return Array(lines.joined())
        }
        return Array(lines.dropLast().joined())
    }

    /// The line that is meant, and the ones beside it.
    private static let fileRowsMin = 3

    /// What is the matter, in words.
    private var words: [(String, Style)] {
        let file = shownFile
        switch state.finding {
        case .fine: return [("\(file) can be used", theme[.good])]
        case .missing:
            let offer =
                state.isReadOnly
                ? "Nothing is written with --read-only. Name a config with --config-file, or leave --read-only out to get this one:"
                : "This one runs four nodes on this machine, in two shards with a replica each. Press w to write it and go on."
            return notice + [("There is no \(file) yet.", theme[.textStrong]), (offer, theme[.text])]
        case .broken(let problems, _):
            guard let problem = problems.dropFirst(state.problem).first else { return notice }
            let place = problems.count > 1 ? " (problem \(state.problem + 1) of \(problems.count))" : ""
            return notice + [
                ("\(file) can't be used\(place):", theme[.textStrong]), (shown(problem), theme[.bad]),
                ("Mend it in an editor: it is read again by itself.", theme[.textDim]),
            ]
        }
    }

    /// The file as it was named; where that is too long for a line, how it ends.
    private var shownFile: String {
        let file = SafeText.display(state.file)
        guard SafeText.width(file) > room else { return file }
        let name = file.split(separator: "/").last.map(String.init) ?? file
        return "\(glyphs.ellipsis)/\(name)"
    }

    private func shown(_ problem: ConfigError.Problem) -> String {
        guard problem.file == state.file else { return problem.description }
        return "\(shownFile):\(problem.line.map { "\($0):" } ?? "") \(problem.message)"
    }

    private var notice: [(String, Style)] { state.notice.map { [($0, theme[.bad])] } ?? [] }

    /// The file as it is or would be, around the line that is meant.
    private mutating func drawFile(from first: Int) {
        let (lines, marked): ([String], Int?) =
            switch state.finding {
            case .fine: ([], nil)
            case .missing:
                (ExampleConfig.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init), nil)
            case .broken(let problems, let text):
                (Self.lines(text), problems.dropFirst(state.problem).first?.line.map { $0 - 1 })
            }
        let rows = grid.height - 2 - first
        guard rows > 0, !lines.isEmpty else { return }
        grid.rule(x: 1, y: first, width: grid.width - 2, glyphs: glyphs, style: theme[.frame])
        grid.put(String(glyphs.teeLeft), x: 0, y: first, style: theme[.frame])
        grid.put(String(glyphs.teeRight), x: grid.width - 1, y: first, style: theme[.frame])
        grid.put(" \(SafeText.truncated(state.file, to: max(0, room - 2))) ", x: 2, y: first, style: theme[.title])
        let wanted = (marked.map { $0 - rows / 2 } ?? 0) + state.top
        let start = max(0, min(wanted, lines.count - rows))
        let digits = String(lines.count).utf8.count
        for (offset, line) in lines.dropFirst(start).prefix(rows).enumerated() {
            let number = start + offset
            let isMarked = number == marked
            let style = isMarked ? theme[.bad] : theme[.text]
            var x = 2
            x += grid.put(isMarked ? String(glyphs.marker) : " ", x: x, y: first + 1 + offset, style: style)
            x += grid.put(
                SafeText.fitted("\(number + 1)", to: digits, align: .right) + "  ",
                x: x,
                y: first + 1 + offset,
                style: isMarked ? style : theme[.textDim],
                maxWidth: max(0, grid.width - 2 - x)
            )
            let left = max(0, grid.width - 2 - x)
            let text = SafeText.truncated(line, to: left, ellipsis: glyphs.ellipsis)
            grid.put(text, x: x, y: first + 1 + offset, style: style, maxWidth: left)
        }
    }

    /// Lines of a file of anyone's making; more than a screen can be moved to are left out.
    private static func lines(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), maxSplits: lineMax, omittingEmptySubsequences: false)
            .prefix(lineMax)
            .map { SafeText.display(bytes: $0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0, limit: lineBytesMax) }
    }

    private static let lineMax = 20_000
    private static let lineBytesMax = 512

    private mutating func drawHints() {
        let y = grid.height - 1
        var x = 2
        for choice in state.choices {
            guard let key = choice.keys.first else { continue }
            let width = SafeText.width(key.name) + SafeText.width(choice.text) + 3
            guard x + width <= grid.width - 2 else { continue }
            x += grid.put(" \(key.name)", x: x, y: y, style: theme[.key])
            x += grid.put(" \(choice.text) ", x: x, y: y, style: theme[.hint])
        }
    }
}
