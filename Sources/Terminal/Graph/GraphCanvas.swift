/// The dots of a graph before they become glyphs.
struct GraphCanvas {
    let width: Int
    let height: Int
    private let isUnicode: Bool
    private var dots: [UInt8]
    private var owners: [Int]

    init(width: Int, height: Int, isUnicode: Bool) {
        self.width = width
        self.height = height
        self.isUnicode = isUnicode
        dots = Array(repeating: 0, count: width * height)
        owners = Array(repeating: 0, count: width * height)
    }

    private var dotsAcross: Int { isUnicode ? 2 : 1 }
    private var dotsDown: Int { isUnicode ? 4 : 2 }
    var dotColumns: Int { width * dotsAcross }
    var dotRows: Int { height * dotsDown }

    /// Level 0 is the lowest row of dots.
    mutating func set(column: Int, level: Int, owner: Int) {
        guard column >= 0, column < dotColumns, level >= 0, level < dotRows else { return }
        let row = dotRows - 1 - level
        let cell = row / dotsDown * width + column / dotsAcross
        dots[cell] |= isUnicode ? GraphCanvas.braille[column % 2][row % 4] : 1 << UInt8(row % 2)
        owners[cell] = owner
    }

    /// Bits of U+2800 by column and row, as Unicode numbers the dots.
    private static let braille: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]
    private static let ascii: [Unicode.Scalar] = [" ", "'", ".", ":"]

    /// Nil where no dot is set.
    func glyph(x: Int, y: Int) -> (scalar: Unicode.Scalar, owner: Int)? {
        let cell = y * width + x
        guard dots[cell] != 0 else { return nil }
        let scalar =
            isUnicode
            ? Unicode.Scalar(0x2800 + UInt32(dots[cell])) ?? " "
            : GraphCanvas.ascii[Int(dots[cell])]
        return (scalar, owners[cell])
    }
}
