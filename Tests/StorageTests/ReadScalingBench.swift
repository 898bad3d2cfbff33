import Glibc
import Model
import Storage
import Synchronization
import Testing

/// How reads of one shard scale with threads while another one writes: `make bench-reads`. A benchmark, not a test: it
/// runs only where SHOAL_BENCH is set, and its figure is a ratio within one run.
@Suite(.enabled(if: ProcessEnvironment.value("SHOAL_BENCH") == "reads")) struct ReadScalingBench {
    private static let keys = 100_000
    private static let milliseconds: UInt64 = 2_000

    private static func names() -> [[UInt8]] { (0..<keys).map { Array("key-\($0)".utf8) } }

    private static func slot(_ number: Int) -> UInt16 { UInt16(number % StorageLimits.slotCount) }

    /// Reads per second of so many threads, while one more writes 1,000 keys a batch.
    private func measure(_ fixture: StoreFixture, _ names: [[UInt8]], threads: Int) -> Double {
        let (store, port) = (fixture.store, fixture.port)
        let reads = Atomic<Int>(0)
        let isDone = Atomic<Bool>(false)
        let begun = Clock.monotonicNanoseconds()
        withExtendedLifetime(fixture) {
            let readers = (0..<threads).map { thread in
                StoreThread {
                    var random = SeededGenerator(seed: UInt64(thread))
                    let own = store.makePort()
                    defer { store.removePort(own) }
                    var count = 0
                    var sum = 0
                    while !isDone.load(ordering: .relaxed) {
                        for _ in 0..<100 {
                            let number = Int(truncatingIfNeeded: random.next() % UInt64(ReadScalingBench.keys))
                            names[number].withUnsafeBytes { key in
                                _ = store.readVisible(key: key, hash: KeyHash.hash(key), now: 1, port: own) {
                                    sum += $0.bytes.count
                                }
                            }
                        }
                        store.leave(own)
                        count += 100
                    }
                    reads.wrappingAdd(sum > 0 ? count : 0, ordering: .relaxed)
                }
            }
            var number = 0
            while Clock.monotonicNanoseconds() - begun < ReadScalingBench.milliseconds * 1_000_000 {
                ReadScalingBench.write(store, port, names, from: &number, count: 1_000)
                fixture.commitAll()
            }
            isDone.store(true, ordering: .relaxed)
            for reader in readers { reader.join() }
        }
        let seconds = Double(Clock.monotonicNanoseconds() - begun) / 1e9
        return Double(reads.load(ordering: .relaxed)) / seconds
    }

    private static func write(
        _ store: ShardStore,
        _ port: StorePort,
        _ names: [[UInt8]],
        from number: inout Int,
        count: Int
    ) {
        let value = [UInt8](repeating: 7, count: 64)
        store.lock.withLock {
            for _ in 0..<count {
                let at = number % names.count
                names[at].withUnsafeBytes { key in
                    value.withUnsafeBytes { _ = store.put(slot: slot(at), key: key, value: $0, expiry: 0, port: port) }
                }
                number += 1
            }
        }
    }

    @Test(arguments: EngineKind.allCases) func readsScale(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind) { $0.segmentBytes = 64 << 20 }
        let names = ReadScalingBench.names()
        var number = 0
        while number < names.count {
            ReadScalingBench.write(fixture.store, fixture.port, names, from: &number, count: 1_000)
            fixture.commitAll()
        }
        var ratios: [Double] = []
        for _ in 0..<3 {
            let one = measure(fixture, names, threads: 1)
            let two = measure(fixture, names, threads: 2)
            ratios.append(two / one)
            print("\(kind.rawValue): 1 thread \(Int(one)) reads/s, 2 threads \(Int(two)), ratio \(two / one)")
        }
        #expect(ratios.sorted()[1] > 1)
    }
}

/// The environment of the process.
enum ProcessEnvironment {
    static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
