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
        fixture.store.engine.figures.first { $0.name == "engine_file_bytes" }?.value ?? 0
    }

    /// The resharding of every leader has such a port open for as long as it leads.
    @Test func aPortThatOnlyAppendsPinsNoPages() throws {
        let fixture = try StoreFixture(.lmdb)
        let port = fixture.store.makePort { _ in }
        defer { fixture.store.removePort(port) }
        overwrite(fixture)
        let live = fixture.store.total().bytes
        #expect(live > 1_000_000)
        #expect(fileBytes(fixture) < live * 10, "pages of a few generations, not of all rounds")
    }
}
