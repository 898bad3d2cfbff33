import Model
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

    /// One page of at least `count` keys looked at, or all that are left. Blocks; not for event loops.
    ///
    /// Slots that have no keys cost nothing, and those in a row are walked with one scan: each scan reads the value that
    /// comes after its end, which may be large.
    /// - Parameters:
    ///   - counts: of all slots, as of the snapshot or later.
    ///   - owns: only keys of slots that this shard owns are told.
    ///   - now: keys whose expiry has come are left out.
    package static func page(
        _ snapshot: any EngineSnapshot,
        cursor: UInt64,
        count: Int,
        now: UInt64,
        counts: [SlotCount],
        owns: (UInt16) -> Bool,
        matches: (UnsafeRawBufferPointer) -> Bool
    ) throws(StorageError) -> Page {
        let first = cursor >> 48
        guard first < UInt64(counts.count) else { return Page(cursor: 0, keys: []) }
        var walk = Walk(count: count, slot: UInt16(first), after: cursor & ((1 << 48) - 1))
        var start = Int(first)
        while !walk.isFull, let slots = slots(from: start, wanted: count - walk.seen, counts, owns) {
            try snapshot.scanKeys(slots: slots, after: nil) { slot, key, expiry in
                guard owns(slot), expiry == 0 || expiry > now else { return true }
                return walk.take(slot, hash(key) + 1, key)
            }
            walk.finishSlot()
            start = Int(slots.upperBound) + 1
        }
        let keys = walk.keys.filter { $0.withUnsafeBytes(matches) }
        if let inSlot = walk.cursor { return Page(cursor: inSlot, keys: keys) }
        guard walk.isFull,
            let next = Self.slots(from: Int(walk.slot) + 1, wanted: 1, counts, owns)
        else { return Page(cursor: 0, keys: keys) }
        return Page(cursor: UInt64(next.lowerBound) << 48, keys: keys)
    }

    /// The next owned slots that have keys, up to `wanted` of them, with none of another shard's between; nil at the end.
    private static func slots(
        from start: Int,
        wanted: Int,
        _ counts: [SlotCount],
        _ owns: (UInt16) -> Bool
    ) -> ClosedRange<UInt16>? {
        var range: ClosedRange<UInt16>?
        var keys = 0
        for slot in start..<max(start, counts.count) where counts[slot].keys > 0 {
            guard owns(UInt16(slot)) else {
                if range == nil { continue }
                break
            }
            range = (range?.lowerBound ?? UInt16(slot))...UInt16(slot)
            keys += Int(clamping: counts[slot].keys)
            if keys >= wanted { break }
        }
        return range
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

/// Takes the keys of slot after slot until there are enough for a page.
private struct Walk {
    private let count: Int
    /// The slot whose keys come now, or came last.
    private(set) var slot: UInt16
    /// Hashes up to this were told in an earlier page; of the first slot only.
    private var after: UInt64
    private var found: Lowest
    /// In the order of slots and then hashes.
    private(set) var keys: [[UInt8]] = []
    var seen: Int { keys.count }
    var isFull: Bool { seen >= count }
    /// Where the page ends, if that is inside of a slot.
    private(set) var cursor: UInt64?

    init(count: Int, slot: UInt16, after: UInt64) {
        self.count = count
        self.slot = slot
        self.after = after
        found = Lowest(count: count + 1)
    }

    /// - Returns: whether more keys are wanted.
    mutating func take(_ slot: UInt16, _ hash: UInt64, _ key: UnsafeRawBufferPointer) -> Bool {
        if slot != self.slot {
            finishSlot()
            if isFull { return false }
            (self.slot, after) = (slot, 0)
        }
        if hash > after { found.add(hash, key) }
        return true
    }

    /// No more keys of this slot come.
    mutating func finishSlot() {
        let entries = found.sorted()
        var index = 0
        while index < entries.count, cursor == nil {
            let hash = entries[index].hash
            // Equal hashes go out together, or the cursor could not tell them apart.
            while index < entries.count, entries[index].hash == hash {
                keys.append(entries[index].key)
                index += 1
            }
            if isFull, index < entries.count { cursor = UInt64(slot) << 48 | hash }
        }
        found = Lowest(count: max(1, count - seen + 1))
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
