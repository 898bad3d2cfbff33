import FoundationEssentials
import Model
import Storage
import Synchronization

/// A store in a folder of its own, used as one event loop would.
final class StoreFixture {
    let root: String
    /// The folder is another's to remove.
    private let isKept: Bool
    let kind: EngineKind
    let options: ShardStore.Options
    private(set) var store: ShardStore
    private var folder: DataFolder
    private(set) var port: StorePort
    let signals = SignalBox()

    /// What a port was told.
    final class SignalBox: Sendable {
        private let all = Mutex<[StoreSignal]>([])
        /// Takes what the port has been told.
        func add(from port: StorePort) {
            all.withLock { all in
                while let signal = port.nextSignal() { all.append(signal) }
            }
        }
        var rooms: Int { all.withLock { $0.count { if case .room = $0 { true } else { false } } } }
        /// What became of batches, in the order told.
        var outcomes: [String] {
            all.withLock {
                $0.compactMap {
                    switch $0 {
                    case .committed(let number, _, _): "\(number) committed"
                    case .failed(let number, _, _): "\(number) failed"
                    case .room, .commitNeeded: nil
                    }
                }
            }
        }
        /// Whether the outcome was known, of each failure told.
        var failures: [Bool] {
            all.withLock { $0.compactMap { if case .failed(_, _, let isKnown) = $0 { isKnown } else { nil } } }
        }
        /// End and members, of each commit told.
        var commits: [[UInt64]] {
            all.withLock {
                $0.compactMap {
                    if case .committed(_, let end, let members) = $0 { [end, UInt64(members)] } else { nil }
                }
            }
        }
        var committed: UInt64 {
            all.withLock { $0.reduce(0) { if case .committed(let number, _, _) = $1 { max($0, number) } else { $0 } } }
        }
    }

    init(
        _ kind: EngineKind,
        leads: Bool = true,
        copyOf: String? = nil,
        at place: String? = nil,
        _ change: (inout ShardStore.Options) -> Void = { _ in }
    ) throws {
        self.kind = kind
        root = place ?? FileManager.default.temporaryDirectory.path + "/shoal-store-\(UUID().uuidString)"
        isKept = place != nil
        if let copyOf { try StoreFixture.copy(copyOf, to: root) }
        var options = ShardStore.Options()
        options.durability = .os
        options.segmentBytes = 1 << 20
        change(&options)
        self.options = options
        folder = try DataFolder.open(path: root, engine: kind, cluster: "c", shard: "s")
        store = try ShardStore.open(folder: folder, kind: kind, options: options) { _ in }
        if leads { try store.becomeLeader() }
        let signals = signals
        port = store.makePort { signals.add(from: $0) }
    }

    /// A store on copies of the files as they are now, while this one goes on. A crash leaves all files as of one moment;
    /// copying takes longer, so that what the engine's copy lacks must not be cut from the log before that is copied.
    func copyAsOfACrash() throws -> StoreFixture {
        store.pinLog(id: .max, after: store.log.start.sequence)
        defer { store.pinLog(id: .max, after: nil) }
        return try StoreFixture(kind, copyOf: root)
    }

    /// Files of a running store may be removed between listing and copying: then the copy starts over.
    static func copy(_ source: String, to target: String) throws {
        for attempt in 1...copyAttemptsMax {
            do {
                return try FileManager.default.copyItem(atPath: source, toPath: target)
            } catch {
                try? FileManager.default.removeItem(atPath: target)
                if attempt == copyAttemptsMax { throw error }
            }
        }
    }

    private static let copyAttemptsMax = 20

    deinit {
        store.close()
        folder.close()
        if !isKept { try? FileManager.default.removeItem(atPath: root) }
    }

    func reopen(leads: Bool = true) throws {
        store.close()
        folder.close()
        folder = try DataFolder.open(path: root, engine: kind, cluster: "c", shard: "s")
        store = try ShardStore.open(folder: folder, kind: kind, options: options) { _ in }
        if leads { try store.becomeLeader() }
        let signals = signals
        port = store.makePort { signals.add(from: $0) }
    }

    static func slot(_ key: String) -> UInt16 { UInt16(key.utf8.reduce(0) { ($0 * 31 + Int($1)) % 64 }) }

    /// Queues a write; nil deletes.
    @discardableResult
    func queue(_ key: String, _ value: String?, expiry: UInt64 = 0) -> UInt64 {
        let slot = StoreFixture.slot(key)
        return Array(key.utf8).withUnsafeBytes { key in
            store.lock.withLock {
                guard let value else { return store.delete(slot: slot, key: key, port: port) }
                return Array(value.utf8).withUnsafeBytes {
                    store.put(slot: slot, key: key, value: $0, expiry: expiry, port: port)
                }
            }
        }
    }

    func admit() -> WriteAdmission { store.lock.withLock { store.admit(bytes: 10, port: port) } }

    func admit(acknowledgements count: Int) -> WriteAdmission {
        store.lock.withLock { store.admit(acknowledgements: count, port: port) }
    }

    /// Until everything queued is visible: `commit` comes back at once while the applier commits, which takes along what
    /// it finds. Gives up where a quorum holds the batch: whoever tests that looks by itself.
    func commitAll() {
        let end = Clock.monotonicMilliseconds() + StoreFixture.patience
        while store.lock.withLock({ store.awaitPending(port) }) != nil, Clock.monotonicMilliseconds() < end {
            store.commit()
            store.lock.withLock { if store.awaitPending(port) != nil { store.lock.waitForProgress(milliseconds: 5) } }
        }
    }

    /// In milliseconds; an append without a sync takes one or two, on a loaded machine a hundred.
    private static let patience: UInt64 = 2000

    func write(_ key: String, _ value: String?, expiry: UInt64 = 0) {
        queue(key, value, expiry: expiry)
        commitAll()
    }

    func read(_ key: String, pending: Bool = false, now: UInt64 = Clock.wallMilliseconds()) throws -> String? {
        try StoreFixture.read(store, port, key, pending: pending, now: now)?.value
    }

    static func read(
        _ store: ShardStore,
        _ port: StorePort,
        _ key: String,
        pending: Bool = false,
        now: UInt64 = Clock.wallMilliseconds()
    ) throws -> (value: String, version: UInt64)? {
        var found: (String, UInt64)?
        let slot = slot(key)
        let isThere = try Array(key.utf8).withUnsafeBytes { key in
            let hash = KeyHash.hash(key)
            let take: (StoredValue) -> Void = { found = (String(decoding: $0.bytes, as: UTF8.self), $0.version) }
            defer { store.rest(port) }
            let state =
                pending
                ? store.lock.withLock { store.readNewest(key: key, hash: hash, now: now, port: port, take) }
                : store.readVisible(key: key, hash: hash, now: now, take)
            store.leave(port)
            guard state == .cold else { return state == .present }
            return try store.readEngine(slot: slot, key: key, hash: hash, view: store.view(of: port), now: now, take)
        }
        return isThere ? found : nil
    }

    func clear(_ slots: ClosedRange<UInt16>) throws -> UInt64 { try store.clear([slots], port: port) }
}
