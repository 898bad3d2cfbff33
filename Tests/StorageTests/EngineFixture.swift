import FoundationEssentials
import Model
import Storage

/// An engine in a temporary folder of its own, and shorthand for calls on it.
final class EngineFixture {
    let kind: EngineKind
    let root: String
    private(set) var engine: any StorageEngine
    private(set) var sequence: UInt64 = 0

    private let open: (_ folder: String) throws -> any StorageEngine

    convenience init(_ kind: EngineKind) throws {
        try self.init(kind) { try EngineOpener.open(kind: kind, folder: $0) }
    }

    /// A RocksDB engine that makes table files of what `limits` say, and writes values of that length apart.
    convenience init(
        runLimits: TableRunPlan.Limits,
        apartBytesMin: Int = RocksDBEngine.apartBytesMin
    ) throws {
        try self.init(.rocksdb) {
            try RocksDBEngine.open(folder: $0, runLimits: runLimits, apartBytesMin: apartBytesMin)
        }
    }

    private init(_ kind: EngineKind, _ open: @escaping (_ folder: String) throws -> any StorageEngine) throws {
        self.kind = kind
        self.open = open
        root = FileManager.default.temporaryDirectory.path + "/shoal-engine-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        engine = try open(root + "/engine")
    }

    deinit {
        engine.close()
        try? FileManager.default.removeItem(atPath: root)
    }

    func reopen() throws {
        engine.close()
        engine = try open(root + "/engine")
    }

    /// The same folder with another bound for values that are written apart.
    func reopen(apartBytesMin: Int) throws {
        engine.close()
        engine = try RocksDBEngine.open(folder: root + "/engine", apartBytesMin: apartBytesMin)
    }

    /// What a power cut would leave: the files as they are now, without a close.
    func crashCopy() throws -> any StorageEngine {
        let copy = root + "/copy-\(UUID().uuidString)"
        try StoreFixture.copy(root + "/engine", to: copy)
        return try open(copy)
    }

    @discardableResult
    func put(
        _ slot: UInt16,
        _ key: [UInt8],
        _ value: [UInt8],
        expiry: UInt64 = 0,
        previous: PreviousValue = .unknown
    ) throws -> Position {
        try write(slot, key, value: value, expiry: expiry, previous: previous)
    }

    @discardableResult
    func delete(_ slot: UInt16, _ key: [UInt8], previous: PreviousValue = .unknown) throws -> Position {
        try write(slot, key, value: nil, expiry: 0, previous: previous)
    }

    private func write(
        _ slot: UInt16,
        _ key: [UInt8],
        value: [UInt8]?,
        expiry: UInt64,
        previous: PreviousValue
    ) throws -> Position {
        sequence += 1
        let position = Position(term: 1, sequence: sequence)
        try key.withUnsafeBytes { key in
            try (value ?? []).withUnsafeBytes { bytes in
                let stored = value.map { _ in StoredValue(version: sequence, expiry: expiry, bytes: bytes) }
                let write = EngineWrite(slot: slot, key: key, value: stored, previous: previous)
                try withUnsafePointer(to: write) { pointer in
                    try engine.apply(UnsafeBufferPointer(start: pointer, count: 1), position: position)
                }
            }
        }
        return position
    }

    /// One batch, sorted here.
    func apply(_ writes: [Write]) throws {
        sequence += 1
        try EngineFixture.apply(writes, to: engine, sequence: sequence)
    }

    static func apply(_ writes: [Write], to engine: any StorageEngine, sequence: UInt64) throws {
        let sorted = writes.sorted { $0.name < $1.name }
        var arena: [UInt8] = []
        for write in sorted { arena += write.name.key + (write.value ?? []) }
        try arena.withUnsafeBytes { arena in
            var at = 0
            func next(_ count: Int) -> UnsafeRawBufferPointer {
                defer { at += count }
                return UnsafeRawBufferPointer(rebasing: arena[at..<(at + count)])
            }
            let engineWrites = sorted.map { write in
                let key = next(write.name.key.count)
                let value = write.value.map { value in
                    StoredValue(version: sequence, expiry: write.expiry, bytes: next(value.count))
                }
                return EngineWrite(slot: write.name.slot, key: key, value: value, previous: write.previous)
            }
            try engineWrites.withUnsafeBufferPointer {
                try engine.apply($0, position: Position(term: 1, sequence: sequence))
            }
        }
    }

    struct Write {
        var name: EngineKeyOfSlot
        var value: [UInt8]?
        var expiry: UInt64 = 0
        var previous = PreviousValue.unknown
    }

    /// One batch of values `value` under the keys, all in order.
    func fill(_ keys: [(slot: UInt16, key: [UInt8])], value: [UInt8], expiry: UInt64 = 0) throws {
        sequence += 1
        var arena: [UInt8] = []
        for entry in keys { arena += entry.key }
        try arena.withUnsafeBytes { arena in
            try value.withUnsafeBytes { bytes in
                var at = 0
                let stored = StoredValue(version: sequence, expiry: expiry, bytes: bytes)
                let writes = keys.map { entry in
                    defer { at += entry.key.count }
                    let key = UnsafeRawBufferPointer(rebasing: arena[at..<(at + entry.key.count)])
                    return EngineWrite(slot: entry.slot, key: key, value: stored, previous: .absent)
                }
                try writes.withUnsafeBufferPointer {
                    try engine.apply($0, position: Position(term: 1, sequence: sequence))
                }
            }
        }
    }

    func get(_ slot: UInt16, _ key: [UInt8]) throws -> Copied? { try engine.makeReader().copy(slot, key) }

    func expired(now: UInt64, limit: Int = 1000, skipping: Set<UInt16> = []) throws -> [Expired] {
        var found: [Expired] = []
        try engine.expired(now: now, limit: limit) { slot, key, expiry in
            guard !skipping.contains(slot) else { return false }
            found.append(Expired(slot: slot, key: Array(key), expiry: expiry))
            return true
        }
        return found
    }

    struct Expired: Hashable {
        var slot: UInt16
        var key: [UInt8]
        var expiry: UInt64
    }
}

/// A value that outlives its closure.
struct Copied: Hashable {
    var version: UInt64
    var expiry: UInt64
    var bytes: [UInt8]
}

extension EngineReader {
    func copy(_ slot: UInt16, _ key: [UInt8]) throws -> Copied? {
        var copied: Copied?
        let found = try key.withUnsafeBytes { key in
            try withValue(slot: slot, key: key) {
                copied = Copied(version: $0.version, expiry: $0.expiry, bytes: Array($0.bytes))
            }
        }
        return found ? copied : nil
    }
}

extension EngineSnapshot {
    func keys(
        _ slots: ClosedRange<UInt16> = 0...16383,
        after: [UInt8]? = nil,
        limit: Int = .max
    ) throws -> [EngineKeyOfSlot] {
        var keys: [EngineKeyOfSlot] = []
        try scan(slots: slots, after: after) { slot, key, _ in
            keys.append(EngineKeyOfSlot(slot: slot, key: Array(key)))
            return keys.count < limit
        }
        return keys
    }
}

struct EngineKeyOfSlot: Hashable, Comparable {
    var slot: UInt16
    var key: [UInt8]

    static func < (left: Self, right: Self) -> Bool {
        left.slot == right.slot ? left.key.lexicographicallyPrecedes(right.key) : left.slot < right.slot
    }
}

/// SplitMix64: the same operations for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
