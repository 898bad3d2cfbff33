import FoundationEssentials
import Model
import Storage
import Testing

/// What was acknowledged is counted, whether the engine takes it or not.
@Suite struct StuckEngineTests {
    /// As long as a status waits for the applier, in milliseconds.
    private static let statusPatience = 250

    struct Case: Sendable, CustomStringConvertible {
        var kind: EngineKind
        var mode: StuckEngine.Mode
        var description: String { "\(kind.rawValue) \(mode)" }
    }

    private static let cases = EngineKind.allCases.flatMap { kind in
        [Case(kind: kind, mode: .refuses), Case(kind: kind, mode: .blocks)]
    }

    @Test(arguments: cases) func whatTheEngineDoesNotTakeIsCounted(test: Case) throws {
        let fixture = try StuckFixture(test.kind)
        defer { fixture.close() }
        // The engine has 6 of them.
        for number in 0..<6 { fixture.put("key\(number)", "old") }
        fixture.store.commit()
        fixture.store.flushApplied()
        #expect(fixture.store.total(patience: Self.statusPatience) == SlotCount(keys: 6, bytes: 6 * 7))
        fixture.engine.set(test.mode)
        // What it does not get: one overwritten, one deleted, and new ones; 19 keys in all.
        fixture.put("key0", "longer")
        fixture.delete("key1")
        for number in 10..<24 { fixture.put("key\(number)", "new") }
        fixture.store.commit()
        let expected = SlotCount(keys: 19, bytes: 4 * 7 + 10 + 14 * 8)
        // In the end: a status does not wait until it is sure that the engine is stuck.
        fixture.wait { fixture.store.total(patience: Self.statusPatience) == expected }
        #expect(fixture.store.slotCounts().reduce(0) { $0 + $1.keys } == 19, "DBSIZE")
        #expect(fixture.store.engine.total.keys == 6, "the engine has none of it")
        fixture.engine.set(.works)
        fixture.wait { fixture.store.engine.total == expected }
        #expect(fixture.store.total(patience: Self.statusPatience) == expected)
    }
}

/// A store over an engine that can be stuck.
private final class StuckFixture {
    let store: ShardStore
    let engine: StuckEngine
    private let folder: DataFolder
    private let port: StorePort
    private let root = FileManager.default.temporaryDirectory.path + "/shoal-stuck-\(UUID().uuidString)"
    private static let deadline: UInt64 = 60_000

    init(_ kind: EngineKind) throws {
        folder = try DataFolder.open(path: root, engine: kind, cluster: "c", shard: "s")
        var options = ShardStore.Options()
        options.durability = .os
        var opened: StuckEngine?
        store = try ShardStore.open(folder: folder, kind: kind, options: options) { kind, path throws(StorageError) in
            let engine = StuckEngine(try EngineOpener.open(kind: kind, folder: path))
            opened = engine
            return engine
        } progress: { _ in
        }
        engine = try #require(opened)
        try store.becomeLeader()
        port = store.makePort()
    }

    func close() {
        engine.set(.works)
        store.close()
        folder.close()
        try? FileManager.default.removeItem(atPath: root)
    }

    func put(_ key: String, _ value: String) {
        Array(key.utf8).withUnsafeBytes { bytes in
            Array(value.utf8).withUnsafeBytes { value in
                _ = store.lock.withLock {
                    store.put(slot: StoreFixture.slot(key), key: bytes, value: value, expiry: 0, port: port)
                }
            }
        }
    }

    func delete(_ key: String) {
        Array(key.utf8).withUnsafeBytes { bytes in
            _ = store.lock.withLock { store.delete(slot: StoreFixture.slot(key), key: bytes, port: port) }
        }
    }

    func wait(until condition: () -> Bool) {
        let end = Clock.monotonicMilliseconds() + StuckFixture.deadline
        while !condition() {
            guard Clock.monotonicMilliseconds() < end else { Issue.record("it never comes"); return }
        }
    }
}
