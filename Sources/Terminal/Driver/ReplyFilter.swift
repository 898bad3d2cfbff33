/// Takes what the terminal answers to a question out of what is typed. Answers come by the way of the keys, whole or in
/// pieces, late or never; between a question and the last answer nothing that looks like one may become a key. Pure.
package struct ReplyFilter: Sendable {
    package enum Output: Hashable, Sendable {
        case typed(Unicode.Scalar)
        case background(isLight: Bool)
    }

    /// An Escape is held back for so long: more than the pause within an answer that a network makes, less than a user
    /// notices.
    package static let escapePatience: Int64 = 50
    /// An answer that goes no further for so long has been cut short.
    package static let answerPatience: Int64 = 1_000
    /// Letters of an answer that are kept; `11;rgb:ffff/ffff/ffff` has 22.
    static let charactersMax = 64

    private enum Part { case keys, escape, bracket, attributes, string, stringEscape }

    private var part = Part.keys
    private var characters = ""
    private var isTooLong = false
    private var lastAt: Int64 = 0
    /// A question was asked whose last answer has not come.
    package private(set) var isAwaiting = false

    package init() {}

    /// The terminal was asked for its background and, behind that, for what it is (DA1): every terminal answers that,
    /// so that its answer means that no other will come.
    package mutating func expect() { isAwaiting = true }

    /// When `flush` has something to do if nothing else arrives.
    package var due: Int64? {
        switch part {
        case .keys: nil
        case .escape, .bracket: lastAt + Self.escapePatience
        case .attributes, .string, .stringEscape: lastAt + Self.answerPatience
        }
    }

    /// What was held back and can't be an answer any more.
    package mutating func flush(at now: Int64) -> [Output] {
        guard let due, now >= due else { return [] }
        return interrupt()
    }

    /// A key that is no character came, which no answer contains: what was held back comes first.
    package mutating func interrupt() -> [Output] {
        defer { part = .keys }
        switch part {
        case .keys, .attributes, .string, .stringEscape: return []
        case .escape: return [.typed("\u{1b}")]
        case .bracket: return [.typed("\u{1b}"), .typed("[")]
        }
    }

    package mutating func take(_ scalar: Unicode.Scalar, at now: Int64) -> [Output] {
        guard isAwaiting else { return [.typed(scalar)] }
        let held = flush(at: now)
        lastAt = now
        return held + take(scalar)
    }

    private mutating func take(_ scalar: Unicode.Scalar) -> [Output] {
        switch part {
        case .keys:
            guard scalar == "\u{1b}" else { return [.typed(scalar)] }
            part = .escape
            return []
        case .escape:
            if scalar == "[" || scalar == "]" {
                part = scalar == "[" ? .bracket : .string
                characters = ""
                isTooLong = false
                return []
            }
            return interrupt() + take(scalar)
        case .bracket:
            guard scalar == "?" else { return interrupt() + take(scalar) }
            part = .attributes
            return []
        case .attributes: return takeAttributes(scalar)
        case .string: return takeString(scalar)
        case .stringEscape:
            if scalar == "\\" { return endString() }
            // The string was cut short; what begins here is something else.
            part = .escape
            return take(scalar)
        }
    }

    private mutating func takeAttributes(_ scalar: Unicode.Scalar) -> [Output] {
        switch scalar.value {
        case 0x20...0x3f: return []
        case 0x40...0x7e:
            part = .keys
            if scalar == "c" { isAwaiting = false }
            return []
        default:
            part = .keys
            return isAwaiting ? take(scalar) : [.typed(scalar)]
        }
    }

    private mutating func takeString(_ scalar: Unicode.Scalar) -> [Output] {
        switch scalar.value {
        case 0x07, 0x9c: return endString()
        case 0x1b:
            part = .stringEscape
            return []
        case 0x20...0x7e:
            if characters.utf8.count < Self.charactersMax {
                characters.unicodeScalars.append(scalar)
            } else {
                isTooLong = true
            }
            return []
        default:
            // No answer contains it: Ctrl-C and Enter get through whatever the terminal does.
            part = .keys
            return [.typed(scalar)]
        }
    }

    private mutating func endString() -> [Output] {
        part = .keys
        guard !isTooLong, let isLight = TerminalBackground.isLight(answer: characters) else { return [] }
        return [.background(isLight: isLight)]
    }
}
