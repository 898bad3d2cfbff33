/// The dots of a graph before they become glyphs.
struct GraphCanvas {
    let width: Int
    let height: Int
    private let set: GraphSet
    /// Of a cell: with braille the bits of U+2800, else one bit a level, the lowest first.
    private var dots: [UInt8]
    private var owners: [Int]

    init(width: Int, height: Int, set: GraphSet) {
        self.width = width
        self.height = height
        self.set = set
        dots = Array(repeating: 0, count: width * height)
        owners = Array(repeating: 0, count: width * height)
    }

    var dotColumns: Int { width * set.dotsAcross }
    var dotRows: Int { height * set.dotsDown }

    /// Level 0 is the lowest row of dots.
    mutating func set(column: Int, level: Int, owner: Int) {
        guard column >= 0, column < dotColumns, level >= 0, level < dotRows else { return }
        let cell = (height - 1 - level / set.dotsDown) * width + column / set.dotsAcross
        let inCell = level % set.dotsDown
        dots[cell] |= set == .braille ? GraphCanvas.braille[column % 2][3 - inCell] : 1 << UInt8(inCell)
        owners[cell] = owner
    }

    /// Bits of U+2800 by column and row, as Unicode numbers the dots.
    private static let braille: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]
    private static let ascii: [Unicode.Scalar] = [" ", ".", "'", ":"]
    private static let eighths: [Unicode.Scalar] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

    /// Nil where no dot is set.
    func glyph(x: Int, y: Int) -> (scalar: Unicode.Scalar, owner: Int)? {
        let cell = y * width + x
        let bits = dots[cell]
        guard bits != 0 else { return nil }
        let scalar: Unicode.Scalar =
            switch set {
            case .braille: Unicode.Scalar(0x2800 + UInt32(bits)) ?? " "
            // There are only bars that stand on the bottom of a cell: the highest level is what counts.
            case .block: GraphCanvas.eighths[7 - bits.leadingZeroBitCount]
            case .ascii: GraphCanvas.ascii[Int(bits)]
            }
        return (scalar, owners[cell])
    }
}
