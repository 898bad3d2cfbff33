import Model
import Storage
import Testing

/// Slots are let in one by one while they are handed over.
@Suite struct ShardStoreGateTests {
    private let serving = SlotServing(
        served: StoreFixture.slots(0...9),
        writesHeld: StoreFixture.slots(10...19),
        held: StoreFixture.slots(20...29)
    )

    @Test func letsInWhatIsServed() throws {
        let fixture = try StoreFixture(.lmdb)
        #expect(!fixture.store.lock.withLock { fixture.store.isGated })
        #expect(fixture.gate(16383, isWrite: true) == .serve, "without a gate all are let in")
        fixture.store.setServing(serving)
        #expect(fixture.store.lock.withLock { fixture.store.isGated })
        let expected: [(UInt16, Admission.Gate, Admission.Gate)] = [
            (0, .serve, .serve), (9, .serve, .serve), (10, .serve, .park), (19, .serve, .park), (20, .park, .park),
            (29, .park, .park), (30, .redirect, .redirect), (16383, .redirect, .redirect),
            (16384, .redirect, .redirect), (.max, .redirect, .redirect),
        ]
        for (slot, read, write) in expected {
            #expect(fixture.gate(slot, isWrite: false) == read, "\(slot)")
            #expect(fixture.gate(slot, isWrite: true) == write, "\(slot)")
        }
        fixture.store.setServing(nil)
        #expect(fixture.gate(30, isWrite: true) == .serve)
    }

    @Test func whatWaitsIsToldOfEveryChange() throws {
        let fixture = try StoreFixture(.lmdb)
        fixture.store.setServing(serving)
        #expect(fixture.signals.rooms == 0, "nobody has waited")
        #expect(fixture.gate(15, isWrite: false) == .serve)
        #expect(fixture.gate(15, isWrite: true) == .park)
        // Commits of others are no reason to ask again.
        fixture.write("a", "1")
        fixture.store.setServing(serving)
        #expect(fixture.signals.rooms == 0, "nothing has changed")
        var next = serving
        next.held.formUnion(next.writesHeld)
        next.writesHeld = SlotSet()
        fixture.store.setServing(next)
        #expect(fixture.signals.rooms == 1)
        #expect(fixture.gate(15, isWrite: true) == .park)
        next.held = SlotSet()
        fixture.store.setServing(next)
        #expect(fixture.signals.rooms == 2)
        #expect(fixture.gate(15, isWrite: true) == .redirect)
        fixture.store.setServing(nil)
        #expect(fixture.signals.rooms == 2, "it waits no longer")
    }

    @Test func anEmptyServingLetsNothingIn() throws {
        let fixture = try StoreFixture(.lmdb)
        fixture.store.setServing(SlotServing())
        #expect(fixture.gate(0, isWrite: false) == .redirect)
        // The node's own records get through.
        try fixture.own(StoreFixture.slots(0...9))
        #expect(fixture.store.ownedSlots()?.slots == StoreFixture.slots(0...9))
    }

    /// Where sets overlap, the one that lets in the least counts.
    @Test func aSlotThatIsHeldIsNotServed() throws {
        let fixture = try StoreFixture(.lmdb)
        let all = StoreFixture.slots(0...9)
        fixture.store.setServing(SlotServing(served: all, writesHeld: all))
        #expect(fixture.gate(3, isWrite: true) == .park && fixture.gate(3, isWrite: false) == .serve)
        fixture.store.setServing(SlotServing(served: all, writesHeld: all, held: all))
        #expect(fixture.gate(3, isWrite: false) == .park)
    }
}
