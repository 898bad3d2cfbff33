import Server

/// Where the requests of the keys' view go, and where keys and values come from. No call may block: every answer is an
/// event, and may never come.
package protocol KeysPort: AnyObject, Sendable {
    /// Begins to do what is asked. Answers arrive through `drain`.
    func send(_ command: KeysCommand)

    /// Events since the last call, oldest first.
    func drain() -> [KeysEvent]
}

/// What the console asks about keys.
package enum KeysCommand: Hashable, Sendable {
    /// The next keys that start with the prefix, of all shards. Another number than before begins at the start.
    /// Answered by `page` with the same number.
    case page(prefix: [UInt8], number: Int)
    /// Answered by `value`.
    case read([UInt8])
    /// Writes the value and keeps the time to live; `instead` is what it must still be, nil for whatever it is.
    case put([UInt8], value: [UInt8], instead: [UInt8]?)
    case delete([UInt8])
    /// Seconds to live; nil: for ever.
    case expire([UInt8], seconds: Int?)

    /// Whether it changes the cluster.
    var isWrite: Bool {
        switch self {
        case .page, .read: false
        case .put, .delete, .expire: true
        }
    }

    /// The key it is about; nil for a page.
    package var key: [UInt8]? {
        switch self {
        case .page: nil
        case .read(let key), .put(let key, _, _), .delete(let key), .expire(let key, _): key
        }
    }
}

/// What the console hears about keys.
package enum KeysEvent: Hashable, Sendable {
    case page(KeysPage)
    case value(KeyValue)
    /// A write was acknowledged.
    case done(KeysCommand)
    /// Why something was not done, or may not have been.
    case failed(KeysCommand, String)
}

/// Keys of all shards by slot and then key, as the leaders told them.
package struct KeysPage: Hashable, Sendable {
    package var number: Int
    package var keys: [[UInt8]]
    package var isLast: Bool
    /// Shards whose keys are missing, and why.
    package var missing: [String: String]

    package init(number: Int, keys: [[UInt8]], isLast: Bool, missing: [String: String] = [:]) {
        self.number = number
        self.keys = keys
        self.isLast = isLast
        self.missing = missing
    }
}

/// A key's value as far as it is shown.
package struct KeyValue: Hashable, Sendable {
    /// More says nothing on a screen, and costs time with every frame.
    package static let shownMax = 32 << 10

    package var key: [UInt8]
    /// The first `shownMax` bytes; nil: there is no such key.
    package var bytes: [UInt8]?
    /// Bytes of the whole value.
    package var count: Int
    package var expiry: ClusterClient.Expiry

    package init(key: [UInt8], value: [UInt8]?, expiry: ClusterClient.Expiry) {
        self.key = key
        bytes = value.map { Array($0.prefix(Self.shownMax)) }
        count = value?.count ?? 0
        self.expiry = expiry
    }

    var isWhole: Bool { bytes?.count == count }
}
