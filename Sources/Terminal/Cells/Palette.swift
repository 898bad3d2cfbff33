/// The xterm palette: 16 named colours, a 6 × 6 × 6 cube, 24 greys.
enum Palette {
    private static let named: [(red: Int, green: Int, blue: Int)] = [
        (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
        (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
        (255, 255, 255),
    ]
    private static let cubeLevels = [0, 95, 135, 175, 215, 255]

    static func components(of index: Int) -> (red: Int, green: Int, blue: Int) {
        if index < 16 { return named[max(0, index)] }
        if index >= 232 {
            let grey = 8 + 10 * (min(index, 255) - 232)
            return (grey, grey, grey)
        }
        let cube = index - 16
        return (cubeLevels[cube / 36], cubeLevels[cube / 6 % 6], cubeLevels[cube % 6])
    }

    /// The named colours are left out: users redefine them.
    static func nearest256(red: Int, green: Int, blue: Int) -> UInt8 {
        nearest(among: 16..<256, red: red, green: green, blue: blue)
    }

    static func nearest(among candidates: Range<Int>, red: Int, green: Int, blue: Int) -> UInt8 {
        var best = candidates.lowerBound
        var bestDistance = Int.max
        for index in candidates {
            let (otherRed, otherGreen, otherBlue) = components(of: index)
            let (byRed, byGreen, byBlue) = (red - otherRed, green - otherGreen, blue - otherBlue)
            // The eye sees differences of green best and of blue least.
            let distance = 3 * byRed * byRed + 6 * byGreen * byGreen + 2 * byBlue * byBlue
            if distance < bestDistance { (best, bestDistance) = (index, distance) }
        }
        return UInt8(best)
    }
}
