import Terminal

/// Where the hints stand in the last line: for drawing them and for clicks.
enum HintLine {
    struct Place: Hashable, Sendable {
        var columns: Range<Int>
        var key: String
        var label: String
    }

    /// As many as fit whole, in their order; one that doesn't leaves its room to the next.
    static func places(_ hints: [(key: String, label: String)], width: Int) -> [Place] {
        var x = 2
        var places: [Place] = []
        for (key, label) in hints {
            let columns = SafeText.width(key) + SafeText.width(label) + 3
            guard x + columns <= width - 2 else { continue }
            places.append(Place(columns: x..<x + columns, key: key, label: label))
            x += columns
        }
        return places
    }
}
