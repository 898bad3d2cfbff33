import Model
import TestSupport

/// The keys of a simulation: a few, in a few slots, several keys in some of them.
struct ReshardKeys {
    private(set) var names: [[UInt8]] = []
    private var slots: [UInt16] = []
    private var numbers: [[UInt8]: Int] = [:]

    init(count: Int, tags: Int, _ random: inout SimulationRandom) {
        for number in 0..<count {
            let tag = random.pick(below: tags)
            let name = Array("{tag\(tag)}\(number)".utf8)
            numbers[name] = number
            names.append(name)
            slots.append(name.withUnsafeBytes { KeySlot.slot(of: $0) })
        }
    }

    var count: Int { names.count }
    func slot(of key: Int) -> UInt16 { slots[key] }
    func number(of name: UnsafeRawBufferPointer) -> Int? { numbers[Array(name)] }

    /// Every slot that has keys, ascending.
    var used: [UInt16] { Set(slots).sorted() }

    static func bytes(of tokens: Tokens) -> [UInt8] {
        tokens.flatMap { token in withUnsafeBytes(of: token.littleEndian) { Array($0) } }
    }

    static func tokens(of bytes: UnsafeRawBufferPointer) -> Tokens {
        stride(from: 0, to: bytes.count - 3, by: 4).map {
            UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self))
        }
    }
}
