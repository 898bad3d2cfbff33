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
                var found: [(hash: UInt64, key: [UInt8])] = []
                try snapshot.scan(slots: slot...slot, after: nil) { _, key, value in
                    let hash = hash(key) + 1
                    if hash > after, value.expiry == 0 || value.expiry > now { found.append((hash, Array(key))) }
                    return true
                }
                found.sort { $0.hash < $1.hash }
                var index = 0
                while index < found.count {
                    let hash = found[index].hash
                    // Equal hashes go out together, or the cursor could not tell them apart.
                    while index < found.count, found[index].hash == hash {
                        if found[index].key.withUnsafeBytes({ matches($0) }) { keys.append(found[index].key) }
                        index += 1
                        seen += 1
                    }
                    if seen >= count, index < found.count {
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

    /// FNV-1a, the same in every process: a client's cursor outlives a restart.
    private static func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return (hash ^ hash >> hashBits) & ((1 << hashBits) - 1)
    }
}

/// Redis' glob patterns: `*`, `?`, `[a-z]`, `[^x]`, `\x`.
package enum GlobPattern {
    package static func matches(_ pattern: ArraySlice<UInt8>, _ text: UnsafeRawBufferPointer) -> Bool {
        var p = pattern.startIndex
        var t = 0
        var star: (pattern: Int, text: Int)?
        while t < text.count {
            if p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") {
                star = (p + 1, t)
                p += 1
                continue
            }
            if p < pattern.endIndex, let next = matchOne(pattern, p, text[t]) {
                p = next
                t += 1
                continue
            }
            // Only the last star can need another try: what an earlier one took never has to change.
            guard let last = star else { return false }
            star = (last.pattern, last.text + 1)
            p = last.pattern
            t = last.text + 1
        }
        while p < pattern.endIndex, pattern[p] == UInt8(ascii: "*") { p += 1 }
        return p == pattern.endIndex
    }

    /// The index behind the element that matched `byte`, or nil.
    private static func matchOne(_ pattern: ArraySlice<UInt8>, _ at: Int, _ byte: UInt8) -> Int? {
        switch pattern[at] {
        case UInt8(ascii: "?"): return at + 1
        case UInt8(ascii: "\\"):
            guard at + 1 < pattern.endIndex else { return byte == pattern[at] ? at + 1 : nil }
            return pattern[at + 1] == byte ? at + 2 : nil
        case UInt8(ascii: "["): return matchClass(pattern, at + 1, byte)
        default: return pattern[at] == byte ? at + 1 : nil
        }
    }

    private static func matchClass(_ pattern: ArraySlice<UInt8>, _ start: Int, _ byte: UInt8) -> Int? {
        var at = start
        let isNegated = at < pattern.endIndex && pattern[at] == UInt8(ascii: "^")
        if isNegated { at += 1 }
        var isIn = false
        while at < pattern.endIndex, pattern[at] != UInt8(ascii: "]") {
            if pattern[at] == UInt8(ascii: "\\"), at + 1 < pattern.endIndex { at += 1 }
            if at + 2 < pattern.endIndex, pattern[at + 1] == UInt8(ascii: "-"), pattern[at + 2] != UInt8(ascii: "]") {
                let low = min(pattern[at], pattern[at + 2])
                let high = max(pattern[at], pattern[at + 2])
                if (low...high).contains(byte) { isIn = true }
                at += 3
            } else {
                if pattern[at] == byte { isIn = true }
                at += 1
            }
        }
        let end = at < pattern.endIndex ? at + 1 : at
        return isIn != isNegated ? end : nil
    }
}
