import Storage

/// SCAN without state on the server: the cursor holds the slot and, inside it, how far by key hash the walk has come.
///
/// A slot's keys are returned in the order of a 47-bit hash, so a key that is there during the whole iteration is
/// returned whatever is inserted or deleted beside it, as Redis promises. Cursor: `slot << 48 | hash + 1`, 0 ends.
package struct KeyScan {
    /// Keys looked at per call at the most, before `COUNT`.
    package static let countMax = 10_000
    private static let hashBits: UInt64 = 47

    package struct Page: Sendable {
        package var cursor: UInt64
        package var keys: [[UInt8]]
    }

    /// One page of at least one slot or `count` keys, whichever comes first. Blocks; not for event loops.
    /// - Parameters:
    ///   - owns: only keys of slots that this shard owns are told.
    ///   - now: keys whose expiry has come are left out.
    package static func page(
        _ snapshot: any EngineSnapshot,
        cursor: UInt64,
        count: Int,
        now: UInt64,
        owns: (UInt16) -> Bool,
        matches: (UnsafeRawBufferPointer) -> Bool
    ) throws(StorageError) -> Page {
        let first = cursor >> 48
        guard first < UInt64(StorageLimits.slotCount) else { return Page(cursor: 0, keys: []) }
        var slot = UInt16(first)
        var after = cursor & ((1 << 48) - 1)
        var keys: [[UInt8]] = []
        var seen = 0
        while true {
            if owns(slot) {
                var found = Lowest(count: count - seen + 1)
                try snapshot.scan(slots: slot...slot, after: nil) { _, key, value in
                    let hash = hash(key) + 1
                    if hash > after, value.expiry == 0 || value.expiry > now { found.add(hash, key) }
                    return true
                }
                let entries = found.sorted()
                var index = 0
                while index < entries.count {
                    let hash = entries[index].hash
                    // Equal hashes go out together, or the cursor could not tell them apart.
                    while index < entries.count, entries[index].hash == hash {
                        if entries[index].key.withUnsafeBytes({ matches($0) }) { keys.append(entries[index].key) }
                        index += 1
                        seen += 1
                    }
                    if seen >= count, index < entries.count {
                        return Page(cursor: UInt64(slot) << 48 | hash, keys: keys)
                    }
                }
            }
            if slot == UInt16(StorageLimits.slotCount - 1) { return Page(cursor: 0, keys: keys) }
            slot += 1
            after = 0
            if seen >= count { return Page(cursor: UInt64(slot) << 48, keys: keys) }
        }
    }

    /// A cursor as a client wrote it, read like Redis does (`strtoul`): a sign and leading zeros are allowed, and a zero
    /// byte ends it.
    static func cursor(_ text: UnsafeRawBufferPointer) -> UInt64? {
        var digits = text.prefix { $0 != 0 }
        if digits.isEmpty { return 0 }
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative || digits.first == UInt8(ascii: "+") { digits = digits.dropFirst() }
        guard !digits.isEmpty, digits.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            let number = UInt64(String(decoding: digits, as: UTF8.self))
        else { return nil }
        return isNegative ? 0 &- number : number
    }

    /// FNV-1a, the same in every process: a client's cursor outlives a restart.
    private static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return (hash ^ hash >> hashBits) & ((1 << hashBits) - 1)
    }
}

/// The keys of the lowest hashes out of many: a slot of millions of keys must not come into memory for a page of ten.
private struct Lowest {
    private let count: Int
    private var entries: [(hash: UInt64, key: [UInt8])] = []
    /// Entries above this are known not to be among the lowest.
    private var limit = UInt64.max

    /// - Parameter count: how many to keep, and all of a hash that one of them has.
    init(count: Int) { self.count = count }

    mutating func add(_ hash: UInt64, _ key: UnsafeRawBufferPointer) {
        if hash > limit { return }
        entries.append((hash, Array(key)))
        if entries.count >= 2 * count + 1024 { trim() }
    }

    mutating func sorted() -> [(hash: UInt64, key: [UInt8])] {
        trim()
        return entries
    }

    private mutating func trim() {
        entries.sort { $0.hash < $1.hash }
        guard entries.count > count else { return }
        limit = entries[count - 1].hash
        let end = entries[count...].firstIndex { $0.hash > limit } ?? entries.count
        entries.removeSubrange(end...)
    }
}
