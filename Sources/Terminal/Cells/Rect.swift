/// A rectangle of cells: column and row of its upper left cell, width and height, never negative.
package struct Rect: Hashable, Sendable {
    package var x: Int
    package var y: Int
    package private(set) var width: Int
    package private(set) var height: Int

    package init(x: Int = 0, y: Int = 0, width: Int, height: Int) {
        self.x = x
        self.y = y
        self.width = max(0, width)
        self.height = max(0, height)
    }

    package var isEmpty: Bool { width == 0 || height == 0 }
    /// The column behind the last one.
    package var endX: Int { x + width }
    /// The row behind the last one.
    package var endY: Int { y + height }

    package func contains(x: Int, y: Int) -> Bool { x >= self.x && x < endX && y >= self.y && y < endY }

    /// Smaller by so many cells on each side.
    package func inset(horizontal: Int = 1, vertical: Int = 1) -> Rect {
        Rect(x: x + horizontal, y: y + vertical, width: width - 2 * horizontal, height: height - 2 * vertical)
    }

    package func intersection(_ other: Rect) -> Rect {
        let (left, top) = (max(x, other.x), max(y, other.y))
        return Rect(x: left, y: top, width: min(endX, other.endX) - left, height: min(endY, other.endY) - top)
    }

    /// A rectangle of at most this size in the middle of this one: dialogs.
    package func centered(width: Int, height: Int) -> Rect {
        let size = (min(width, self.width), min(height, self.height))
        return Rect(
            x: x + (self.width - size.0) / 2,
            y: y + (self.height - size.1) / 2,
            width: size.0,
            height: size.1
        )
    }

    /// A part of a split: so many cells, or a share of what the fixed parts leave.
    package enum Part: Hashable, Sendable {
        case fixed(Int)
        case flexible(weight: Int = 1, minimum: Int = 0)
    }

    /// Divides the width, left to right, into as many rectangles as parts. What does not fit is cut off at the end.
    package func columns(_ parts: [Part], gap: Int = 0) -> [Rect] {
        var at = x
        return Rect.lengths(of: parts, total: width, gap: gap).map { length in
            let start = min(at, endX)
            at += length + gap
            return Rect(x: start, y: y, width: min(length, endX - start), height: height)
        }
    }

    /// Divides the height, top to bottom, into as many rectangles as parts. What does not fit is cut off at the end.
    package func rows(_ parts: [Part], gap: Int = 0) -> [Rect] {
        var at = y
        return Rect.lengths(of: parts, total: height, gap: gap).map { length in
            let start = min(at, endY)
            at += length + gap
            return Rect(x: x, y: start, width: width, height: min(length, endY - start))
        }
    }

    private static func lengths(of parts: [Part], total: Int, gap: Int) -> [Int] {
        var left = total - gap * max(0, parts.count - 1)
        var weights = 0
        for part in parts {
            switch part {
            case .fixed(let length): left -= max(0, length)
            case .flexible(let weight, _): weights += max(0, weight)
            }
        }
        return parts.map { part in
            switch part {
            case .fixed(let length): return max(0, length)
            case .flexible(let weight, let minimum):
                // Sharing what is left among the weights left spreads the rounding and uses every cell.
                let share = weights > 0 ? max(0, left) * max(0, weight) / weights : 0
                let length = max(minimum, share)
                left -= length
                weights -= max(0, weight)
                return length
            }
        }
    }
}
