import Storage

/// The rules of the local coordinator's sessions, inside one transaction of their table: `s` + id → deadline and length, in
/// milliseconds of CLOCK_BOOTTIME, big endian. A deadline of 0 is that of a session which is over for good.
struct LocalSessionRows: ~Copyable {
    private static let prefix = [UInt8(ascii: "s")]

    private let table: SharedTableTransaction
    private let place: String

    /// Which sessions live, and which are over and still in the table.
    struct Settled {
        var alive: Set<String> = []
        var over: [String] = []
        /// The time of some is over, and they are not marked so yet.
        var isDue = false
    }

    private struct Row {
        var id: String
        var deadline: UInt64
        var ttl: UInt64
    }

    init(_ table: SharedTableTransaction, place: String) {
        self.table = table
        self.place = place
    }

    func grant(_ id: String, ttl: UInt64, now: UInt64) throws(CoordinationError) {
        try put(Row(id: id, deadline: now + ttl, ttl: ttl))
    }

    /// Returns the session's length; nil if it is over.
    func renew(_ id: String, now: UInt64) throws(CoordinationError) -> UInt64? {
        guard let row = try row(id), row.deadline > now else { return nil }
        try grant(id, ttl: row.ttl, now: now)
        return row.ttl
    }

    /// Over from now on.
    func end(_ id: String) throws(CoordinationError) {
        if let row = try row(id) { try put(Row(id: id, deadline: 0, ttl: row.ttl)) }
    }

    /// In a write transaction: marks those whose time is over, so that nobody can renew them any more.
    func settle(now: UInt64) throws(CoordinationError) -> Settled {
        for row in try rows() where row.deadline > 0 && row.deadline <= now { try end(row.id) }
        return try look(now: now)
    }

    func look(now: UInt64) throws(CoordinationError) -> Settled {
        var settled = Settled()
        for row in try rows() {
            if row.deadline > now {
                settled.alive.insert(row.id)
            } else if row.deadline == 0 {
                settled.over.append(row.id)
            } else {
                settled.isDue = true
            }
        }
        return settled
    }

    /// Nothing is tied to these any more.
    func forget(_ ids: [String]) throws(CoordinationError) {
        for id in ids {
            do { try table.delete(Self.key(id)) } catch { throw CoordinationError(error) }
        }
    }

    /// The earliest end of a session, nil without any.
    func nextDeadline() throws(CoordinationError) -> UInt64? { try rows().map(\.deadline).min() }

    // MARK: Bytes

    private static func key(_ id: String) -> [UInt8] { prefix + Array(id.utf8) }

    private func rows() throws(CoordinationError) -> [Row] {
        let found: [(key: [UInt8], value: [UInt8])]
        do { found = try table.entries(below: Self.prefix) } catch { throw CoordinationError(error) }
        var rows: [Row] = []
        for (key, value) in found { rows.append(try row(String(decoding: key.dropFirst(), as: UTF8.self), value)) }
        return rows
    }

    private func row(_ id: String) throws(CoordinationError) -> Row? {
        let bytes: [UInt8]?
        do { bytes = try table.get(Self.key(id)) } catch { throw CoordinationError(error) }
        return try bytes.map { bytes throws(CoordinationError) in try row(id, bytes) }
    }

    private func row(_ id: String, _ bytes: [UInt8]) throws(CoordinationError) -> Row {
        guard let deadline = LocalNumber.read(bytes, at: 0), let ttl = LocalNumber.read(bytes, at: 8) else {
            throw CoordinationError(.corrupt, "\(place) is damaged at session \(id): stop all nodes and delete it")
        }
        return Row(id: id, deadline: deadline, ttl: ttl)
    }

    private func put(_ row: Row) throws(CoordinationError) {
        let bytes = LocalNumber.bytes(row.deadline) + LocalNumber.bytes(row.ttl)
        do { try table.put(Self.key(row.id), bytes) } catch { throw CoordinationError(error) }
    }
}

/// Numbers in the local coordinator's tables: 8 bytes, big endian.
enum LocalNumber {
    static func bytes(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

    static func read(_ bytes: [UInt8], at start: Int) -> UInt64? {
        guard bytes.count >= start + 8 else { return nil }
        return bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
