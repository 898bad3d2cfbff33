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
        nearest(among: Array(16..<256), red: red, green: green, blue: blue)
    }

    /// The nearest of the first 8 or 16. Among so few, what a colour means is its hue: a pale red must become red, not the
    /// yellow that is nearer by distance.
    static func nearestNamed(limit: Int, red: Int, green: Int, blue: Int) -> UInt8 {
        let (most, least) = (max(red, green, blue), min(red, green, blue))
        guard most - least >= leastChroma, most - least >= most / 4 else {
            return nearest(among: limit > 8 ? [0, 8, 7, 15] : [0, 7], red: red, green: green, blue: blue)
        }
        let index = named(hue: hue(red: red, green: green, blue: blue))
        return UInt8(limit > 8 && most >= leastBright ? index + 8 : index)
    }

    /// Below this difference of its parts a colour is a grey, above the lightest part it is a bright one.
    private static let leastChroma = 40
    private static let leastBright = 160

    /// Degrees: 0 red, 120 green, 240 blue.
    private static func hue(red: Int, green: Int, blue: Int) -> Int {
        let (most, least) = (max(red, green, blue), min(red, green, blue))
        let chroma = max(1, most - least)
        if most == red { return (60 * (green - blue) / chroma + 360) % 360 }
        return most == green ? 120 + 60 * (blue - red) / chroma : 240 + 60 * (red - green) / chroma
    }

    /// Orange counts as yellow, so that it is told apart from red.
    private static func named(hue: Int) -> Int {
        switch hue {
        case 20..<90: 3
        case 90..<150: 2
        case 150..<210: 6
        case 210..<270: 4
        case 270..<330: 5
        default: 1
        }
    }

    private static func nearest(among candidates: [Int], red: Int, green: Int, blue: Int) -> UInt8 {
        var best = candidates[0]
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
