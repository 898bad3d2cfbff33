import FoundationEssentials
import Model
import Storage
import Testing

/// LMDB reuses a page only when no view can see it: a view that nobody renews makes the file grow without bound.
@Suite struct EngineGrowthTests {
    private static let keys = 1_000
    private static let rounds = 60

    /// Overwrites all keys again and again, one engine transaction a round.
    private func overwrite(_ fixture: StoreFixture) {
        let value = String(repeating: "v", count: 1_000)
        for _ in 0..<EngineGrowthTests.rounds {
            for key in 0..<EngineGrowthTests.keys { fixture.queue("key-\(key)", value) }
            fixture.commitAll()
            fixture.store.flushApplied()
        }
    }

    private func fileBytes(_ fixture: StoreFixture) -> UInt64 {
        fixture.store.engine.metrics.first { $0.name == "engine_file_bytes" }?.value ?? 0
    }

    /// The resharding of every leader has such a port open for as long as it leads.
    @Test func aPortThatOnlyAppendsPinsNoPages() throws {
        let fixture = try StoreFixture(.lmdb)
        let port = fixture.store.makePort()
        defer { fixture.store.removePort(port) }
        overwrite(fixture)
        let live = fixture.store.total().bytes
        #expect(live > 1_000_000)
        #expect(fileBytes(fixture) < live * 10, "pages of a few generations, not of all rounds")
    }

    /// After a reshard of a shard with few keys, every other slot has some: one sync for each took the applier 18 s, and the
    /// slots could not come back meanwhile.
    @Test func slotsAreDeletedInFewTransactions() throws {
        let fixture = try EngineFixture(.lmdb)
        let slots = (0..<4_000).map { UInt16($0 * 2) }
        try fixture.fill((0..<3).flatMap { number in slots.map { ($0, [UInt8(number)]) } }, value: [1])
        try fixture.put(1, [1], [1])
        let before = try newestTransaction(of: fixture)
        try fixture.engine.deleteSlots(slots.map { $0...$0 }, position: Position(term: 1, sequence: 1 << 20))
        #expect(try newestTransaction(of: fixture) == before + 2, "12,000 keys, 8,192 at once")
        #expect(fixture.engine.total.keys == 1)
        #expect(fixture.engine.appliedPosition == Position(term: 1, sequence: 1 << 20))
    }

    /// Where LMDB's two meta pages have the number of the transaction that wrote them, and the bytes of a page.
    private static let metaOffset = 144
    private static let pageBytes = 4096

    private func newestTransaction(of fixture: EngineFixture) throws -> UInt64 {
        let file = try Data(contentsOf: URL(filePath: fixture.root + "/engine/data.mdb"))
        return (0..<2).map { page in
            let start = page * Self.pageBytes + Self.metaOffset
            return file[start..<start + 8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }.max() ?? 0
    }
}
