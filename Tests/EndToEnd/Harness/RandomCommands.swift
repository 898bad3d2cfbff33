import Glibc
import TestSupport

/// Commands of all kinds a node knows, many of them wrong, from a seed.
///
/// All keys are of one slot, since a cluster of one shard takes any while Redis would say CROSSSLOT. No key expires
/// while a test runs: either at once or long after it.
struct RandomCommands {
    var random: SplitMix
    /// Sets keys that have expired already; how long those are counted is each server's own matter.
    private let hasPastExpiries: Bool

    init(seed: UInt64) {
        random = SplitMix(seed: seed)
        hasPastExpiries = seed % 3 != 0
    }

    private static let numbers = [
        "0", "1", "-1", "5", "10", "100", "9223372036854775807", "-9223372036854775808", "9223372036854775808",
        "9223372036854775", "9223372036854776", "99999999999999999999", "abc", "", " 1", "1 ", "+1", "01", "-0", "00",
        "1.5", "1e3", "0x10", "4611686018427387904", "9223372036854775000", "-9223372036854775807", "-100", "1 2",
        "4294967296", "1\u{0}2",
    ]
    private static let values: [[UInt8]] =
        ["v", "", "10", "0", "-5", "9223372036854775807", "-9223372036854775808", "3.14", "007", " 7"].map {
            Array($0.utf8)
        } + [[0xFF, 0, 13, 10], Array(repeating: 120, count: 50)]
    private static let patterns = [
        "*", "**", "{t}k*", "*[1-3]", "[^k]*", "?t}k1", "", "\\{t}k1", "{t}k[", "{t}k[1", "{t}k[3-1]", "{t}k[^1]",
        "{t}k[\\1]", "{t}k[]", "{t}k[^]", "{t}k[0-]", "*\\", "*k*0", "none",
    ]
    private static let names =
        ("get set setnx setex psetex getset getdel del unlink exists mget mset incr decr incrby decrby append strlen ttl "
        + "pttl expire pexpire persist type scan keys dbsize ping echo select hello client config cluster command "
        + "readonly readwrite asking reset nope").split(separator: " ").map(String.init)

    private mutating func one<T>(_ choices: [T]) -> T { choices[Int.random(in: choices.indices, using: &random)] }
    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }
    private mutating func key() -> [UInt8] { Array("{t}k\(Int.random(in: 0..<8, using: &random))".utf8) }
    private mutating func keys(_ range: ClosedRange<Int>) -> [[UInt8]] {
        (0..<Int.random(in: range, using: &random)).map { _ in key() }
    }
    private mutating func value() -> [UInt8] { one(Self.values) }
    private mutating func number() -> [UInt8] { Array(one(Self.numbers).utf8) }
    /// A word in lower, upper or mixed case.
    private mutating func word(_ text: String) -> [UInt8] {
        Array(one([text, text.uppercased(), text.prefix(1).uppercased() + text.dropFirst()]).utf8)
    }

    /// A time for that option: mostly good, in the far future or the past.
    private mutating func time(_ option: String, isOdd: Bool) -> [UInt8] {
        let now = Int(Glibc.time(nil))
        let isMilliseconds = option.hasPrefix("p")
        let isAbsolute = option.hasSuffix("at")
        if isOdd {
            let text = one(Self.numbers)
            let number = Int(text) ?? 0
            // Not a time that comes while the test runs, nor one in the past where that is not wanted.
            let isSoon = !isAbsolute && number > 0 && number < 1_000_000
            let isOver = isAbsolute && number > 0 && number < (isMilliseconds ? now * 1000 : now)
            if !isSoon, hasPastExpiries || !isOver { return Array(text.utf8) }
        }
        let isPast = isAbsolute && hasPastExpiries && chance(30)
        let seconds = (isAbsolute ? now : 0) + (isPast ? -100 : Int.random(in: 10_000...100_000_000, using: &random))
        return Array("\(isMilliseconds ? seconds * 1000 : seconds)".utf8)
    }

    private mutating func time(_ option: String) -> [UInt8] { time(option, isOdd: chance(25)) }

    mutating func next() -> [[UInt8]] {
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<12: [word("get"), key()]
        case 12..<18: [word("set"), key(), value()]
        case 18..<36: [word("set"), key(), value()] + setOptions()
        case 36..<44: writing()
        case 44..<52: [word(one(["incrby", "decrby"])), key(), number()]
        case 52..<58: [word(one(["incr", "decr", "strlen", "type", "persist", "getdel", "ttl", "pttl"])), key()]
        case 58..<62: [word("append"), key(), value()]
        case 62..<68: expire()
        case 68..<72: [word(one(["del", "unlink", "exists", "mget"]))] + keys(1...4)
        case 72..<74: [word("mset")] + (0..<3).flatMap { _ in [key(), value()] }
        case 74..<76: [word("mset")] + keys(1...6)
        case 76..<80: listing()
        case 80..<84: connection()
        case 84..<90: anyShape()
        default: [word(one(["get", "ttl", "exists"])), key()]
        }
    }

    /// A command with any number of keys for arguments.
    private mutating func anyShape() -> [[UInt8]] {
        let name = one(Self.names)
        let isUncertain = name == "dbsize" && hasPastExpiries
        return [word(name)] + keys((isUncertain ? 1 : 0)...5)
    }

    private mutating func setOptions() -> [[UInt8]] {
        (0..<Int.random(in: 0...4, using: &random)).flatMap { _ -> [[UInt8]] in
            let option = one(["nx", "xx", "get", "keepttl", "ex", "px", "exat", "pxat", "ex", "px", "bad"])
            let takesTime = ["ex", "px", "exat", "pxat"].contains(option) && chance(93)
            return takesTime ? [word(option), time(option)] : [word(option)]
        }
    }

    private mutating func writing() -> [[UInt8]] {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: [word("setnx"), key(), value()]
        case 1: [word("getset"), key(), value()]
        case 2: [word("setex"), key(), time("ex"), value()]
        default: [word("psetex"), key(), time("px"), value()]
        }
    }

    private mutating func expire() -> [[UInt8]] {
        let name = one(["expire", "pexpire"])
        let options = (0..<one([0, 0, 1, 1, 2, 3])).map { _ in word(one(["nx", "xx", "gt", "lt", "gt", "zz"])) }
        // The same time twice would be compared at different moments: GT is for times that differ anyway.
        let number = time(name == "expire" ? "ex" : "px", isOdd: options.isEmpty && chance(25))
        return [word(name), key(), number] + options
    }

    private mutating func listing() -> [[UInt8]] {
        let all = [word("count"), Array("1000".utf8)]
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return [word("keys"), Array(one(Self.patterns).utf8)]
        case 1: return [word("scan"), Array("0".utf8), word("match"), Array(one(Self.patterns).utf8)] + all
        case 2: return [word("scan"), Array("0".utf8), word("type"), word(one(["string", "list", "zz"]))] + all
        case 3: return [word("scan"), Array(one(["-", "+", "abc", "1.5", " 1", "99999999999999999999", "0x10"]).utf8)]
        case 4:
            let counts = ["0", "-1", "abc", "", "9223372036854775807", "9223372036854775808", "1.5", "1000"]
            return [word("scan"), Array(one(["0", "-0", "00", "", "+0", "0\u{0}1"]).utf8), word("count")]
                + [Array(one(counts).utf8)]
        default: return hasPastExpiries ? [word("exists")] + keys(1...8) : [word("dbsize")]
        }
    }

    private mutating func connection() -> [[UInt8]] {
        let words = ["a", "b c", "", "{t}k1"].map { Array($0.utf8) }
        let rest = (0..<Int.random(in: 0...2, using: &random)).map { _ in one(words) }
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return [word("client"), word(one(["getname", "setname", "id", "info", "nope"]))] + rest
        case 1: return [word("cluster"), word(one(["keyslot", "countkeysinslot", "nope", "myid", "slots"])), number()]
        case 2: return [word("config"), word(one(["get", "nope"]))] + rest
        case 3: return [word("command"), word(one(["count", "info", "docs", "getkeys", "nope"]))] + rest
        case 4: return [word("select"), number()]
        case 5: return [word("echo"), value()]
        case 6: return [word("ping"), value()]
        default:
            let version = Array(one(["4", "abc", "1", "", "9223372036854775808"]).utf8)
            return [word("hello"), version] + rest
        }
    }
}
