/// Which lines of a view other than the dashboard belong to what.
struct ViewLayout: Hashable, Sendable {
    /// Lines of numbers below the top line.
    var information: Range<Int>
    /// The divider with the view's title; nil where there is no room for it.
    var title: Int?
    var body: Range<Int>
    /// The last line: hints, the command line or the filter.
    var bottom: Int

    init(height: Int) {
        bottom = max(0, height - 1)
        information = 1..<min(max(1, height), height >= 30 ? 3 : 2)
        var next = information.upperBound
        if height >= 14 {
            title = next
            next += 1
        }
        body = next..<max(next, bottom)
    }
}
