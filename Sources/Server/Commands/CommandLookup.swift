/// Finds commands by name in any case, without allocating: a hash table over the first eight bytes and the length.
/// Made once and kept as long as the process.
///
/// `@unchecked Sendable`: the memory is written before the table is handed out and never again.
struct CommandLookup: @unchecked Sendable {
    private struct Entry {
        /// Of the name in lower case.
        var word: UInt64
        /// 0: a free place.
        var count: Int
        var command: RESPCommand
        var name: UnsafePointer<UInt8>
    }

    private let entries: UnsafePointer<Entry>
    private let places: Int
    private let shift: UInt64
    private let longest: Int

    /// - Parameter names: in lower case, each once.
    init(_ names: [(name: String, command: RESPCommand)]) {
        // At most a quarter full: nearly every search ends at its first place.
        let bits = UInt64(UInt.bitWidth - max(1, names.count * 4 - 1).leadingZeroBitCount)
        places = 1 << Int(bits)
        shift = 64 - bits
        longest = names.map(\.name.utf8.count).max() ?? 0
        let table = UnsafeMutablePointer<Entry>.allocate(capacity: places)
        let nothing = UnsafeMutablePointer<UInt8>.allocate(capacity: 1)
        nothing.initialize(to: 0)
        table.initialize(
            repeating: Entry(word: 0, count: 0, command: RESPCommand(index: 0), name: nothing),
            count: places
        )
        for (name, command) in names {
            let bytes = Array(name.utf8)
            let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: bytes.count)
            copy.initialize(from: bytes, count: bytes.count)
            let word = bytes.withUnsafeBytes { Self.word($0) }
            var place = Self.place(word, bytes.count, shift)
            while table[place].count != 0 { place = (place + 1) & (places - 1) }
            table[place] = Entry(word: word, count: bytes.count, command: command, name: copy)
        }
        entries = UnsafePointer(table)
    }

    /// Reads `name` only during the call.
    @inline(__always)
    func find(_ name: UnsafeRawBufferPointer) -> RESPCommand? {
        let count = name.count
        guard count > 0, count <= longest else { return nil }
        let word = Self.word(name)
        var place = Self.place(word, count, shift)
        while entries[place].count != 0 {
            if entries[place].word == word, entries[place].count == count, Self.endsAlike(name, entries[place].name) {
                return entries[place].command
            }
            place = (place + 1) & (places - 1)
        }
        return nil
    }

    /// Whether what comes after the first eight bytes is the same.
    @inline(__always)
    private static func endsAlike(_ name: UnsafeRawBufferPointer, _ other: UnsafePointer<UInt8>) -> Bool {
        var at = 8
        while at < name.count {
            if ASCII.lower(name[at]) != other[at] { return false }
            at += 1
        }
        return true
    }

    @inline(__always)
    private static func place(_ word: UInt64, _ count: Int, _ shift: UInt64) -> Int {
        let mixed = (word &+ UInt64(truncatingIfNeeded: count)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed &>> shift)
    }

    /// The first eight bytes in lower case, or all of fewer, without reading past the end.
    @inline(__always)
    private static func word(_ name: UnsafeRawBufferPointer) -> UInt64 {
        let count = name.count
        if count >= 8 { return lowered(UInt64(littleEndian: name.loadUnaligned(as: UInt64.self))) }
        if count >= 4 {
            let low = UInt32(littleEndian: name.loadUnaligned(as: UInt32.self))
            let high = UInt32(littleEndian: name.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self))
            return lowered(UInt64(low) | UInt64(high) &<< UInt64((count &- 4) &* 8))
        }
        var word: UInt64 = 0
        for index in 0..<count { word |= UInt64(name[index]) &<< UInt64(index &* 8) }
        return lowered(word)
    }

    /// `A` to `Z` in each of the eight bytes to `a` to `z`; nothing else becomes another byte.
    @inline(__always)
    private static func lowered(_ word: UInt64) -> UInt64 {
        let low = word & 0x7F7F_7F7F_7F7F_7F7F
        let isAboveZ = low &+ 0x2525_2525_2525_2525
        let isFromA = low &+ 0x3F3F_3F3F_3F3F_3F3F
        let isUpper = ~word & (isFromA ^ isAboveZ) & 0x8080_8080_8080_8080
        return word | isUpper &>> 2
    }
}
