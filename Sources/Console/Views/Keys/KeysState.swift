import Terminal

/// What the keys' view knows and where the user is in it. Answers may be late, double or never come.
package struct KeysState: Hashable, Sendable {
    /// How a value is shown.
    package enum Form: String, CaseIterable, Sendable {
        case text, hex, json
    }

    /// Keys held at most: nobody scrolls further, a prefix finds them.
    static let keysMax = 10_000
    /// The next page is asked for when so few keys are left below the cursor.
    static let aheadKeys = 60

    package internal(set) var prefix: [UInt8] = []
    package internal(set) var keys: [[UInt8]] = []
    package internal(set) var selected = 0
    var top = 0
    /// The number of the listing; 0: none was asked for yet. Answers of another one are of no interest.
    package internal(set) var number = 0
    package internal(set) var isLast = false
    /// A page is on its way since then.
    package internal(set) var askedAt: Int?
    package internal(set) var missing: [String: String] = [:]
    /// The key whose value is open; its value, once it is there.
    package internal(set) var opened: [UInt8]?
    package internal(set) var value: KeyValue?
    /// Why the value could not be read.
    package internal(set) var failure: String?
    package internal(set) var form = Form.text
    var valueTop = 0

    /// Begins a listing.
    mutating func list(prefix: [UInt8], now: Int) -> KeysCommand {
        self.prefix = prefix
        number += 1
        keys = []
        selected = 0
        top = 0
        isLast = false
        missing = [:]
        askedAt = now
        return .page(prefix: prefix, number: number)
    }

    /// The next page, if the cursor comes near the end of what is there.
    mutating func more(now: Int) -> KeysCommand? {
        guard number > 0, !isLast, askedAt == nil, keys.count < Self.keysMax,
            selected + Self.aheadKeys >= keys.count
        else { return nil }
        askedAt = now
        return .page(prefix: prefix, number: number)
    }

    mutating func take(_ page: KeysPage) {
        guard page.number == number else { return }
        askedAt = nil
        keys += page.keys.prefix(Self.keysMax - keys.count)
        isLast = page.isLast
        missing = page.missing
    }

    mutating func take(_ new: KeyValue) {
        guard new.key == opened else { return }
        // What is read is not scrolled away by being read again.
        if value?.bytes != new.bytes { valueTop = 0 }
        value = new
        failure = nil
    }

    mutating func open(_ key: [UInt8]) -> KeysCommand {
        opened = key
        value = nil
        failure = nil
        valueTop = 0
        return .read(key)
    }

    mutating func close() {
        opened = nil
        value = nil
        failure = nil
    }

    /// A key is gone.
    mutating func drop(_ key: [UInt8]) {
        if opened == key { close() }
        guard let index = keys.firstIndex(of: key) else { return }
        keys.remove(at: index)
        if selected > index || selected == keys.count { selected = max(0, selected - 1) }
    }

    /// Whether an answer is awaited.
    var isWaiting: Bool { askedAt != nil || (opened != nil && value == nil && failure == nil) }

    var selectedKey: [UInt8]? { keys.indices.contains(selected) ? keys[selected] : nil }

    /// What keys act on: the opened key, else the selected one.
    var pointed: [UInt8]? { opened ?? selectedKey }

    mutating func move(_ movement: ConsoleCommand.Movement, page: Int, lines: Int) {
        if opened != nil {
            valueTop = Self.moved(valueTop, movement, page: page, last: max(0, lines - page))
        } else {
            selected = Self.moved(selected, movement, page: page, last: max(0, keys.count - 1))
        }
    }

    /// Moves in the list, also while a value is open.
    mutating func moveList(by lines: Int) { selected = min(max(0, selected + lines), max(0, keys.count - 1)) }

    private static func moved(_ place: Int, _ movement: ConsoleCommand.Movement, page: Int, last: Int) -> Int {
        let moved =
            switch movement {
            case .up: place - 1
            case .down: place + 1
            case .pageUp: place - page
            case .pageDown: place + page
            case .top: 0
            case .bottom: last
            case .left, .right: place
            }
        return min(max(0, moved), last)
    }
}
