import Storage

/// The rules of the local coordinator, inside one transaction of its file: revisions, entries tied to sessions,
/// comparisons.
///
/// Layout of the table, numbers big endian: `f` format; `r` revision; `k` + key → revision, session's length and id, value.
struct LocalLedger: ~Copyable {
    static let format = "shoal coordinator 2"

    private enum Key {
        static let format = [UInt8(ascii: "f")]
        static let revision = [UInt8(ascii: "r")]
        static let entries = [UInt8(ascii: "k")]
    }

    private let table: SharedTableTransaction
    private let place: String
    /// The sessions that live.
    private let alive: Set<String>
    /// The newest transaction that changed an entry.
    private(set) var revision: UInt64
    /// Something is to be committed.
    private(set) var hasChanges = false
    /// Entries changed, so watches have something to tell.
    private(set) var hasNews = false

    /// - Throws: `.corrupt` for a file of another kind or format.
    init(
        _ table: SharedTableTransaction,
        place: String,
        alive: Set<String> = []
    ) throws(CoordinationError) {
        self.table = table
        self.place = place
        self.alive = alive
        revision = 0
        guard let format = try get(Key.format) else { return }
        guard format == Array(Self.format.utf8) else {
            throw CoordinationError(
                .corrupt,
                "\(place) has format \"\(String(decoding: format, as: UTF8.self))\", not \"\(Self.format)\": use the "
                    + "version of shoal that wrote it"
            )
        }
        guard let bytes = try get(Key.revision), let number = LocalNumber.read(bytes, at: 0) else { throw damaged("r") }
        revision = number
    }

    /// First in every write transaction: a new file gets its format, and what is tied to sessions that are over goes.
    mutating func begin() throws(CoordinationError) {
        if try get(Key.format) == nil {
            try put(Key.format, Array(Self.format.utf8))
            try put(Key.revision, LocalNumber.bytes(revision))
        }
        for entry in try entries(below: "") {
            if let session = entry.session, !alive.contains(session) { try remove(entry.key) }
        }
    }

    // MARK: Entries

    func entry(_ key: String) throws(CoordinationError) -> CoordinatorEntry? {
        try get(Key.entries + Array(key.utf8)).map { bytes throws(CoordinationError) in try decode(key, bytes) }
    }

    func entries(below prefix: String) throws(CoordinationError) -> [CoordinatorEntry] {
        var entries: [CoordinatorEntry] = []
        for (key, value) in try scan(Key.entries + Array(prefix.utf8)) {
            entries.append(try decode(String(decoding: key.dropFirst(), as: UTF8.self), value))
        }
        return entries
    }

    mutating func transact(
        _ compares: [CoordinatorCompare],
        _ operations: [CoordinatorOperation],
        reading: [String]
    ) throws(CoordinationError) -> CoordinatorOutcome {
        var read: [String: CoordinatorEntry] = [:]
        for key in reading { read[key] = try entry(key) }
        var isMet = true
        var current = read
        for compare in compares {
            let found = try entry(compare.key)
            current[compare.key] = found
            isMet = isMet && compare.holds(found)
        }
        guard isMet else { return .conflict(revision: revision, current: current) }
        for case .put(let key, _, let id?) in operations where !alive.contains(id) {
            throw CoordinationError(.sessionEnded, "\(place): session \(id) is over, \(key) can't be tied to it")
        }
        if !operations.isEmpty { revision += 1 }
        for operation in operations {
            switch operation {
            case .put(let key, let value, let session):
                try write(CoordinatorEntry(key: key, value: value, revision: revision, session: session))
            case .delete(let key):
                if try delete(Key.entries + Array(key.utf8)) { hasNews = true }
            }
        }
        if !operations.isEmpty { try put(Key.revision, LocalNumber.bytes(revision)) }
        return .committed(revision: revision, read: read)
    }

    private mutating func remove(_ key: String) throws(CoordinationError) {
        revision += 1
        try delete(Key.entries + Array(key.utf8))
        try put(Key.revision, LocalNumber.bytes(revision))
        hasNews = true
    }

    private mutating func write(_ entry: CoordinatorEntry) throws(CoordinationError) {
        let session = Array((entry.session ?? "").utf8)
        let bytes =
            LocalNumber.bytes(entry.revision) + [UInt8(truncatingIfNeeded: session.count)] + session + entry.value
        try put(Key.entries + Array(entry.key.utf8), bytes)
        hasNews = true
    }

    private func decode(_ key: String, _ bytes: [UInt8]) throws(CoordinationError) -> CoordinatorEntry {
        guard let revision = LocalNumber.read(bytes, at: 0), bytes.count > 8, bytes.count >= 9 + Int(bytes[8]) else {
            throw damaged(key)
        }
        let valueStart = 9 + Int(bytes[8])
        let session = String(decoding: bytes[9..<valueStart], as: UTF8.self)
        return CoordinatorEntry(
            key: key,
            value: Array(bytes[valueStart...]),
            revision: revision,
            session: session.isEmpty ? nil : session
        )
    }

    private func damaged(_ what: String) -> CoordinationError {
        CoordinationError(.corrupt, "\(place) is damaged at \(what): restore it from a backup, or see shoal doctor")
    }

    // MARK: Bytes

    private func get(_ key: [UInt8]) throws(CoordinationError) -> [UInt8]? {
        do { return try table.get(key) } catch { throw CoordinationError(error) }
    }

    private func scan(_ prefix: [UInt8]) throws(CoordinationError) -> [(key: [UInt8], value: [UInt8])] {
        do { return try table.entries(below: prefix) } catch { throw CoordinationError(error) }
    }

    private mutating func put(_ key: [UInt8], _ value: [UInt8]) throws(CoordinationError) {
        do { try table.put(key, value) } catch { throw CoordinationError(error) }
        hasChanges = true
    }

    @discardableResult
    private mutating func delete(_ key: [UInt8]) throws(CoordinationError) -> Bool {
        do {
            let wasThere = try table.delete(key)
            if wasThere { hasChanges = true }
            return wasThere
        } catch {
            throw CoordinationError(error)
        }
    }
}

extension CoordinatorCompare {
    fileprivate func holds(_ found: CoordinatorEntry?) -> Bool {
        switch self {
        case .revision(_, let revision): found?.revision == revision
        case .present: found != nil
        case .absent: found == nil
        }
    }
}

extension CoordinationError {
    /// An error of the file below: nothing was changed.
    init(_ error: StorageError) {
        let code: Code =
            switch error.code {
            case .corrupt, .foreignFolder: .corrupt
            case .closed: .closed
            default: .unavailable
            }
        self.init(code, error.message)
    }
}
