import Terminal

/// Where the parts of a question are on the screen: for drawing it and for clicks.
struct DialogLayout: Hashable, Sendable {
    static let cancelText = "[ Cancel ]"
    /// Wider, lines are hard to read.
    private static let widthMax = 76
    private static let gap = 2

    let box: Rect
    /// The text, broken to the width of the box.
    let lines: [String]
    /// Where a name is typed, if one has to be.
    let field: Rect?
    let cancel: Rect
    let confirm: Rect

    init(_ dialog: ConfirmDialog, in bounds: Rect) {
        let verb = Self.text(ofConfirm: dialog)
        let buttons = Self.cancelText.utf8.count + Self.gap + SafeText.width(verb)
        let question = dialog.typed.map { [$0.question] } ?? []
        let widths = (dialog.lines + question).map(SafeText.width)
        let widest = (widths + [SafeText.width(dialog.title) + 4, buttons]).max() ?? buttons
        let width = min(max(widest + 6, 30), max(2, bounds.width - 2), Self.widthMax)
        let lines = dialog.lines.flatMap { Canvas.wrapped($0, width: max(1, width - 4)) }
        let height = lines.count + 4 + (question.isEmpty ? 0 : 2)
        let box = bounds.centered(width: width, height: height)
        let y = max(box.y, box.endY - 2)
        let x = max(box.x + 1, box.endX - 2 - buttons)
        let right = x + Self.cancelText.utf8.count + Self.gap
        if question.isEmpty {
            field = nil
            self.lines = Self.last(max(0, box.height - (box.height < height ? 3 : 4)), of: lines)
        } else {
            // On a small screen the empty line goes first, and then what is said; not what is asked.
            let isWhole = box.height >= height
            field = Rect(x: box.x + 2, y: max(box.y, y - (isWhole ? 2 : 1)), width: max(0, box.width - 4), height: 1)
            self.lines = Self.last(max(0, box.height - (isWhole ? 6 : 5)), of: lines) + question
        }
        self.box = box
        cancel = Rect(x: x, y: y, width: max(0, min(Self.cancelText.utf8.count, box.endX - 1 - x)), height: 1)
        confirm = Rect(x: right, y: y, width: max(0, min(SafeText.width(verb), box.endX - 1 - right)), height: 1)
    }

    /// What is about to happen stands behind what it happens to: on a small screen that goes first.
    private static func last(_ count: Int, of lines: [String]) -> [String] {
        guard lines.count > count, count > 0 else { return lines }
        return ["..."] + lines.suffix(count - 1)
    }

    static func text(ofConfirm dialog: ConfirmDialog) -> String { "[ \(dialog.verb) ]" }
}
