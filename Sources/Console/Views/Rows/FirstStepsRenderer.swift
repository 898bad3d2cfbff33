import Terminal

/// Draws what somebody could do next whose cluster does not run, or is empty.
struct FirstStepsRenderer: CanvasRenderer {
    let canvas: Canvas
    let steps: [String]
    /// The same in one line.
    let short: String?
    let layout: DashboardLayout

    /// What is the matter, and what to press.
    private static let stepsMin = 2

    /// Where the graph would be, which has nothing to show then; on a small screen the last line above the hints.
    func draw() {
        var steps = steps
        guard !steps.isEmpty else { return }
        let room = max(0, grid.width - 4)
        func wrapped(_ steps: [String]) -> [String] { steps.flatMap { Canvas.wrapped($0, width: room) } }
        // The ways from a shell go first, which long paths make long.
        while steps.count > Self.stepsMin, layout.graph.count <= wrapped(steps).count { steps.removeLast() }
        let lines = wrapped(steps)
        guard layout.graph.count > lines.count else {
            let y = layout.bottom - 1
            grid.fill(Rect(x: 1, y: y, width: canvas.inner, height: 1), style: theme[.text])
            return canvas.put(short ?? steps[0], y: y, style: theme[.hint])
        }
        let width = lines.map { SafeText.width($0) }.max() ?? 0
        let x = 2 + max(0, (room - width) / 2)
        var y = layout.graph.lowerBound + (layout.graph.count - lines.count) / 2
        for (index, line) in lines.enumerated() {
            grid.fill(Rect(x: 1, y: y, width: canvas.inner, height: 1), style: theme[.text])
            grid.put(line, x: x, y: y, style: theme[index == 0 ? .textStrong : .hint], maxWidth: room)
            y += 1
        }
    }
}
