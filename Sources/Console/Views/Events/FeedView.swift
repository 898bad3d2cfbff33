/// Where the user is in a list whose newest line is the lowest: it follows the end until it is moved back.
package struct FeedView: Hashable, Sendable {
    /// Lines moved back from the end; 0: follows.
    package internal(set) var shift = 0
    /// Only lines with all of these words.
    package internal(set) var filter = ""

    package var isFollowing: Bool { shift == 0 }

    /// Whoever reads older lines keeps seeing them although there are new ones.
    mutating func keepPlace(_ new: Int) {
        if shift > 0 { shift += new }
    }

    mutating func move(_ movement: ConsoleCommand.Movement, page: Int, count: Int) {
        switch movement {
        case .up: shift += 1
        case .down: shift -= 1
        case .pageUp: shift += page
        case .pageDown: shift -= page
        case .top: shift = count
        case .bottom: shift = 0
        case .left, .right: break
        }
        shift = min(max(0, shift), max(0, count - page))
    }

    /// The lines that are seen, the newest lowest.
    func seen<Line>(of lines: [Line], rows: Int) -> ArraySlice<Line> {
        let end = max(min(rows, lines.count), lines.count - shift)
        return lines[max(0, end - rows)..<end]
    }

    /// Only lines with these words, from the newest on.
    mutating func find(_ text: String) {
        filter = text
        shift = 0
    }

    func matches(_ text: String) -> Bool {
        if filter.isEmpty { return true }
        let text = text.lowercased()
        return filter.lowercased().split(separator: " ").allSatisfy { text.contains($0) }
    }

    /// Esc: to the end, then without the filter; false if there was nothing to take back.
    mutating func back() -> Bool {
        if shift > 0 {
            shift = 0
        } else if !filter.isEmpty {
            filter = ""
        } else {
            return false
        }
        return true
    }
}

/// Which lines the view of the events shows.
package enum EventsScope: String, CaseIterable, Sendable {
    case all, events, audit
}
