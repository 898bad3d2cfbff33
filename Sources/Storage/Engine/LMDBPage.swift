import Model

/// One page of an LMDB file as bytes that nobody vouches for: every offset is compared with the page's end before it is used.
///
/// Layout (LMDB 0.9, 64 bits, little endian): number (8), padding (2), flags (2), end of the offsets (2), start of the nodes
/// (2) or the number of pages of a value that fills its own (4); then the offsets of the nodes, which fill the page's end.
struct LMDBPage {
    static let headerBytes = 16
    static let nodeHeaderBytes = 8
    static let branch: UInt16 = 0x01
    static let leaf: UInt16 = 0x02
    static let overflow: UInt16 = 0x04
    static let meta: UInt16 = 0x08
    /// The value of a leaf's node has pages of its own.
    static let bigData: UInt16 = 0x01
    /// The value of a leaf's node is a table.
    static let table: UInt16 = 0x02

    struct Node {
        /// What the two numbers in front mean depends on the page: the length of the value, or the page below.
        var low: UInt32
        var flags: UInt16
        var key: UnsafeRawBufferPointer
        /// What stands in the page of the value.
        var value: UnsafeRawBufferPointer

        var child: UInt64 { UInt64(low) | UInt64(flags) << 32 }
    }

    let bytes: UnsafeRawBufferPointer

    var number: UInt64 { load(0) }
    var flags: UInt16 { load(10) }
    var pages: UInt32 { load(12) }
    var count: Int { (Int(load(12) as UInt16) - Self.headerBytes) / 2 }

    /// A number at an offset within the page.
    func load<T: FixedWidthInteger>(_ offset: Int) -> T {
        T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// What is wrong with a page that should be of that kind and have that number; nil if nothing is.
    func flaw(as kind: UInt16, number wanted: UInt64) -> String? {
        if number != wanted { return "it says that it is page \(number)" }
        if flags != kind { return "its kind is \(flags), not \(kind)" }
        let (lower, upper): (UInt16, UInt16) = (load(12), load(14))
        guard Int(lower) >= Self.headerBytes, lower % 2 == 0, lower <= upper, Int(upper) <= bytes.count else {
            return "its offsets end at \(lower) and its nodes begin at \(upper)"
        }
        return nodesFlaw(upper: Int(upper))
    }

    /// The nodes lie side by side from `upper` to the page's end.
    private func nodesFlaw(upper: Int) -> String? {
        var filled = 0
        var before: UnsafeRawBufferPointer?
        for index in 0..<count {
            guard let node = node(index, from: upper) else { return "its node \(index) is not within it" }
            filled += Self.even(Self.nodeHeaderBytes + node.key.count + node.value.count)
            // The first key of a branch stands for all that is smaller, whatever its bytes.
            if flags == Self.branch, index == 0 { continue }
            if let before, compareKeys(before, node.key) >= 0, !isIntegerKeyed { return "its keys are not in order" }
            before = node.key
        }
        return filled == bytes.count - upper ? nil : "its nodes fill \(filled) of \(bytes.count - upper) bytes"
    }

    /// Set by who knows that keys are numbers, which sort otherwise.
    var isIntegerKeyed = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private static func even(_ count: Int) -> Int { (count + 1) & ~1 }

    /// A node, nil where it is not whole.
    func node(_ index: Int, from upper: Int? = nil) -> Node? {
        let start = Int(load(Self.headerBytes + index * 2) as UInt16)
        guard start >= upper ?? 0, start % 2 == 0, start + Self.nodeHeaderBytes <= bytes.count else { return nil }
        let low: UInt32 = load(start)
        let flags: UInt16 = load(start + 4)
        let keyAt = start + Self.nodeHeaderBytes
        let valueAt = keyAt + Int(load(start + 6) as UInt16)
        var length = 0
        if self.flags == Self.leaf { length = flags & Self.bigData != 0 ? 8 : Int(low) }
        guard valueAt <= bytes.count, length <= bytes.count - valueAt else { return nil }
        return Node(
            low: low,
            flags: flags,
            key: UnsafeRawBufferPointer(rebasing: bytes[keyAt..<valueAt]),
            value: UnsafeRawBufferPointer(rebasing: bytes[valueAt..<(valueAt + length)])
        )
    }
}
