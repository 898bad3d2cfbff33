import Model
import Storage
import Testing

@Suite struct DiskReserveTests {
    @Test func writesAreRefusedBelowAndTakenAgainAboveTwiceThat() {
        var reserve = DiskReserve(bytes: 100)
        for (free, isRefused) in [
            (200, false), (100, false), (99, true), (150, true), (199, true), (200, false), (100, false),
        ] {
            reserve.note(bytesFree: UInt64(free))
            #expect((reserve.refusal != nil) == isRefused, "\(free)")
        }
        reserve.note(bytesFree: 0)
        #expect(reserve.refusal?.code == .diskFull)
        reserve.note(bytesFree: .max)
        #expect(reserve.refusal == nil)
    }

    @Test func noneCanBeKept() {
        var reserve = DiskReserve(bytes: 0)
        reserve.note(bytesFree: 0)
        #expect(reserve.refusal == nil)
    }

    @Test func ofASmallDiskItIsAPart() {
        #expect(DiskReserve.usual(ofDisk: 1 << 40) == 256 << 20)
        #expect(DiskReserve.usual(ofDisk: 500 << 20) == 10 << 20)
    }

    /// A store that is told of little room refuses what would be written, and nothing that was.
    @Test(arguments: EngineKind.allCases) func aStoreKeepsIt(kind: EngineKind) throws {
        let fixture = try StoreFixture(kind)
        #expect(refusal(fixture) == nil, "refused before anybody looked at the disk")
        fixture.queue("k", "v")
        fixture.store.noteDisk(bytesFree: 99, reserve: 100)
        let error = try #require(refusal(fixture), "taken with too little room")
        #expect(error.code == .diskFull && error.message.contains("no space"), "\(error)")
        #expect(fixture.store.status().reserveError?.code == .diskFull)
        // What was taken in before is written, and read.
        fixture.commitAll()
        #expect(try fixture.read("k") == "v")
        fixture.store.noteDisk(bytesFree: 200, reserve: 100)
        #expect(refusal(fixture) == nil, "refused with room again")
    }

    private func refusal(_ fixture: StoreFixture) -> StorageError? {
        if case .refused(let error) = fixture.admit() { error } else { nil }
    }
}
