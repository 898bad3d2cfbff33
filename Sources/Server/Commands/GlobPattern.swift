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

    /// The index after the element that matched `byte`, or nil.
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
            let isEscaped = pattern[at] == UInt8(ascii: "\\") && at + 1 < pattern.endIndex
            if isEscaped { at += 1 }
            // A range takes what stands after the minus for its end, as in Redis, even a bracket.
            if !isEscaped, at + 2 < pattern.endIndex, pattern[at + 1] == UInt8(ascii: "-") {
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
