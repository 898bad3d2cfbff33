import Model
import Storage
import Synchronization
import Testing

/// Readers on threads of their own, beside a writer and an applier that moves everything out of memory at once.
@Suite struct ConcurrentReadTests {
    private static let writes = 3_000
    private static let slot: UInt16 = 5

    /// What the reader threads found wrong; empty when all was well.
    private final class Findings: Sendable {
        let texts = Mutex<[String]>([])
        let reads = Atomic<Int>(0)
    }

    private static func put(_ store: ShardStore, _ port: StorePort, _ key: String, _ value: Int) {
        Array(key.utf8).withUnsafeBytes { key in
            Array(String(value).utf8).withUnsafeBytes { value in
                _ = store.put(slot: slot, key: key, value: value, expiry: 0, port: port)
            }
        }
    }

    /// The value of a counter; -1 if it is not there.
    private static func read(_ store: ShardStore, _ view: EngineView, _ key: String) throws -> Int {
        var text = "-1"
        try Array(key.utf8).withUnsafeBytes { key in
            let hash = KeyHash.hash(key)
            let take: (StoredValue) -> Void = { text = String(decoding: $0.bytes, as: UTF8.self) }
            let now = Clock.wallMilliseconds()
            guard store.readVisible(key: key, hash: hash, now: now, take) == .cold else { return }
            _ = try store.readEngine(slot: slot, key: key, hash: hash, view: view, now: now, take)
        }
        view.rest()
        return Int(text) ?? -1
    }

    /// The trap of a view that is older than an eviction: a reader must never see less than was visible before it began.
    @Test(arguments: EngineKind.allCases) func noReadIsStale(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind) { options in
            options.hotBytesMax = 0
            options.applyBytes = 1
            options.applyAgeMilliseconds = 0
        }
        let store = fixture.store
        let port = fixture.port
        let visible = Atomic<Int>(-1)
        let isDone = Atomic<Bool>(false)
        let findings = Findings()
        withExtendedLifetime(fixture) {
            let readers = (0..<2).map { _ in
                StoreThread {
                    do {
                        let view = try store.views.take()
                        defer { store.views.giveBack(view) }
                        while !isDone.load(ordering: .acquiring) {
                            let least = visible.load(ordering: .acquiring)
                            let first = try ConcurrentReadTests.read(store, view, "a")
                            let second = try ConcurrentReadTests.read(store, view, "b")
                            findings.reads.wrappingAdd(1, ordering: .relaxed)
                            // Written as one batch: whoever has seen it in one key sees it in the other.
                            if first < least || second < first {
                                findings.texts.withLock { $0.append("\(least): \(first), \(second)") }
                            }
                        }
                    } catch {
                        findings.texts.withLock { $0.append("\(error)") }
                    }
                }
            }
            for number in 1...ConcurrentReadTests.writes {
                store.lock.withLock {
                    ConcurrentReadTests.put(store, port, "a", number)
                    ConcurrentReadTests.put(store, port, "b", number)
                }
                fixture.commitAll()
                visible.store(number, ordering: .releasing)
                if number % 10 == 0 { store.flushApplied() }
            }
            isDone.store(true, ordering: .releasing)
            for reader in readers { reader.join() }
        }
        #expect(findings.texts.withLock { Array($0.prefix(5)) } == [])
        #expect(findings.reads.load(ordering: .relaxed) > 100)
    }
}
