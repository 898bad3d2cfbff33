import Storage

/// The rules of the local coordinator, inside one transaction of its file: revisions, sessions that end, comparisons.
///
/// Layout of the table, numbers big endian: `f` format; `b` boot the sessions are of; `r` revision; `k` + key → revision,
/// session's length and id, value; `s` + session id → deadline and length in milliseconds of CLOCK_BOOTTIME.
struct LocalLedger: ~Copyable {
    static let format = "shoal coordinator 1"

    private enum Key {
        static let format = [UInt8(ascii: "f")]
        static let boot = [UInt8(ascii: "b")]
        static let revision = [UInt8(ascii: "r")]
        static let entries = [UInt8(ascii: "k")]
        static let sessions = [UInt8(ascii: "s")]
    }

    private let table: SharedTableTransaction
    private let place: String
    /// The newest transaction that changed an entry.
    private(set) var revision: UInt64
    /// Something is to be committed.
    private(set) var hasChanges = false
    /// Entries changed, so watches have something to tell.
    private(set) var hasNews = false

    /// - Throws: `.corrupt` for a file of another kind or format.
    init(_ table: SharedTableTransaction, place: String) throws(CoordinationError) {
        self.table = table
        self.place = place
        revision = 0
        guard let format = try get(Key.format) else { return }
        guard format == Array(Self.format.utf8) else {
            throw CoordinationError(
                .corrupt,
                "\(place) has format \"\(String(decoding: format, as: UTF8.self))\", not \"\(Self.format)\": use the "
                    + "version of shoal that wrote it"
            )
        }
        guard let bytes = try get(Key.revision), let number = Self.number(bytes, at: 0) else { throw damaged("r") }
        revision = number
    }

    // MARK: Sessions

    /// Ends the sessions whose time is over, all of them after a boot. First in every write transaction, so that whether
    /// a session lives is decided in one order for all processes.
    mutating func endSessions(now: UInt64, boot: String) throws(CoordinationError) {
        if try get(Key.boot) != Array(boot.utf8) {
            if try get(Key.format) == nil {
                try put(Key.format, Array(Self.format.utf8))
                try put(Key.revision, Self.bytes(revision))
            }
            for (id, _) in try sessions() { try end(session: id) }
            try put(Key.boot, Array(boot.utf8))
        }
        for (id, session) in try sessions() where session.deadline <= now { try end(session: id) }
    }

    /// The earliest end of a session, nil without any.
    func nextDeadline() throws(CoordinationError) -> UInt64? {
        try sessions().map(\.session.deadline).min()
    }

    mutating func grant(_ id: String, ttl: UInt64, now: UInt64) throws(CoordinationError) {
        try put(Key.sessions + Array(id.utf8), Self.bytes(now + ttl) + Self.bytes(ttl))
    }

    /// Returns the session's length; nil if it is over.
    mutating func renew(_ id: String, now: UInt64) throws(CoordinationError) -> UInt64? {
        guard let session = try session(id) else { return nil }
        try grant(id, ttl: session.ttl, now: now)
        return session.ttl
    }

    mutating func end(session id: String) throws(CoordinationError) {
        guard try delete(Key.sessions + Array(id.utf8)) else { return }
        for entry in try entries(below: "") where entry.session == id { try remove(entry.key) }
    }

    private struct Session {
        var deadline: UInt64
        var ttl: UInt64
    }

    private func session(_ id: String) throws(CoordinationError) -> Session? {
        try get(Key.sessions + Array(id.utf8)).map { bytes throws(CoordinationError) in try session(id, bytes) }
    }

    private func session(_ id: String, _ bytes: [UInt8]) throws(CoordinationError) -> Session {
        guard let deadline = Self.number(bytes, at: 0), let ttl = Self.number(bytes, at: 8) else {
            throw damaged("session \(id)")
        }
        return Session(deadline: deadline, ttl: ttl)
    }

    private func sessions() throws(CoordinationError) -> [(id: String, session: Session)] {
        var found: [(id: String, session: Session)] = []
        for (key, value) in try scan(Key.sessions) {
            let id = String(decoding: key.dropFirst(), as: UTF8.self)
            found.append((id, try session(id, value)))
        }
        return found
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
        for case .put(let key, _, let id?) in operations where try session(id) == nil {
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
        if !operations.isEmpty { try put(Key.revision, Self.bytes(revision)) }
        return .committed(revision: revision, read: read)
    }

    private mutating func remove(_ key: String) throws(CoordinationError) {
        revision += 1
        try delete(Key.entries + Array(key.utf8))
        try put(Key.revision, Self.bytes(revision))
        hasNews = true
    }

    private mutating func write(_ entry: CoordinatorEntry) throws(CoordinationError) {
        let session = Array((entry.session ?? "").utf8)
        let bytes = Self.bytes(entry.revision) + [UInt8(truncatingIfNeeded: session.count)] + session + entry.value
        try put(Key.entries + Array(entry.key.utf8), bytes)
        hasNews = true
    }

    private func decode(_ key: String, _ bytes: [UInt8]) throws(CoordinationError) -> CoordinatorEntry {
        guard let revision = Self.number(bytes, at: 0), bytes.count > 8, bytes.count >= 9 + Int(bytes[8]) else {
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

    private static func bytes(_ number: UInt64) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }

    private static func number(_ bytes: [UInt8], at start: Int) -> UInt64? {
        guard bytes.count >= start + 8 else { return nil }
        return bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }

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
