import Model

/// The keys of a load: `key:` and a number in twelve digits, chosen at random. Owns the bytes of the current key.
struct LoadKeys: ~Copyable {
    static let prefix = "key:"
    static let digits = 12
    /// So many random keys are tried for a leader before its keys are looked for in order.
    private static let randomTries = 256
    /// So many keys in a row without one for this leader: it owns none, or too few to matter.
    private static let orderedTries = 1 << 16

    private let space: UInt64
    private var state: UInt64
    private let bytes: UnsafeMutableRawBufferPointer

    init(space: Int, seed: UInt64) {
        self.space = UInt64(max(space, 1))
        state = seed
        bytes = .allocate(byteCount: Self.prefix.utf8.count + Self.digits, alignment: 16)
        bytes.copyBytes(from: Array(Self.prefix.utf8))
    }

    deinit { bytes.deallocate() }

    /// The digits of the key chosen last; valid until the next one is chosen.
    var currentDigits: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[Self.prefix.utf8.count...])
    }

    /// The slot of key `number`.
    mutating func slot(of number: Int) -> UInt16 {
        write(UInt64(number))
        return KeySlot.slot(of: UnsafeRawBufferPointer(bytes))
    }

    /// SplitMix64: as good as this needs, and the same on every machine for a seed.
    mutating func random() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Chooses a key that leader `index` owns and leaves its digits in `currentDigits`; nil if none was found.
    mutating func choose(leader index: Int, in topology: borrowing LoadTopology) -> Int? {
        let isOnly = topology.leaders.count == 1
        for _ in 0..<Self.randomTries {
            let number = number(random())
            write(number)
            if isOnly || isOwned(by: index, topology) { return Int(number) }
        }
        var number = number(random())
        for _ in 0..<min(UInt64(Self.orderedTries), space) {
            number = number + 1 == space ? 0 : number + 1
            write(number)
            if isOwned(by: index, topology) { return Int(number) }
        }
        return nil
    }

    /// Spreads 64 random bits over the key space without a division.
    private func number(_ random: UInt64) -> UInt64 { space.multipliedFullWidth(by: random).high }

    private func isOwned(by index: Int, _ topology: borrowing LoadTopology) -> Bool {
        Int(topology.owners[Int(KeySlot.slot(of: UnsafeRawBufferPointer(bytes)))]) == index
    }

    private func write(_ number: UInt64) {
        var rest = number
        var at = bytes.count
        let first = Self.prefix.utf8.count
        while at > first {
            at -= 1
            bytes[at] = UInt8(truncatingIfNeeded: 48 + rest % 10)
            rest /= 10
        }
    }
}
