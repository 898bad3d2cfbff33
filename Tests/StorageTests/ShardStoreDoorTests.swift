import Storage
import Testing

/// Slots are let in one by one while they are handed over.
@Suite struct ShardStoreDoorTests {
    private let serving = SlotServing(
        served: StoreFixture.slots(0...9),
        writesHeld: StoreFixture.slots(10...19),
        held: StoreFixture.slots(20...29)
    )

    @Test func letsInWhatIsServed() throws {
        let fixture = try StoreFixture(.lmdb)
        #expect(!fixture.store.lock.withLock { fixture.store.isGated })
        #expect(fixture.door(16383, isWrite: true) == .open, "without a gate all are let in")
        fixture.store.setServing(serving)
        #expect(fixture.store.lock.withLock { fixture.store.isGated })
        let expected: [(UInt16, SlotDoor, SlotDoor)] = [
            (0, .open, .open), (9, .open, .open), (10, .open, .wait), (19, .open, .wait), (20, .wait, .wait),
            (29, .wait, .wait), (30, .elsewhere, .elsewhere), (16383, .elsewhere, .elsewhere),
            (16384, .elsewhere, .elsewhere), (.max, .elsewhere, .elsewhere),
        ]
        for (slot, read, write) in expected {
            #expect(fixture.door(slot, isWrite: false) == read, "\(slot)")
            #expect(fixture.door(slot, isWrite: true) == write, "\(slot)")
        }
        fixture.store.setServing(nil)
        #expect(fixture.door(30, isWrite: true) == .open)
    }

    @Test func whatWaitsIsToldOfEveryChange() throws {
        let fixture = try StoreFixture(.lmdb)
        fixture.store.setServing(serving)
        #expect(fixture.signals.rooms == 0, "nobody has waited")
        #expect(fixture.door(15, isWrite: false) == .open)
        #expect(fixture.door(15, isWrite: true) == .wait)
        // Commits of others are no reason to ask again.
        fixture.write("a", "1")
        fixture.store.setServing(serving)
        #expect(fixture.signals.rooms == 0, "nothing has changed")
        var next = serving
        next.held.formUnion(next.writesHeld)
        next.writesHeld = SlotSet()
        fixture.store.setServing(next)
        #expect(fixture.signals.rooms == 1)
        #expect(fixture.door(15, isWrite: true) == .wait)
        next.held = SlotSet()
        fixture.store.setServing(next)
        #expect(fixture.signals.rooms == 2)
        #expect(fixture.door(15, isWrite: true) == .elsewhere)
        fixture.store.setServing(nil)
        #expect(fixture.signals.rooms == 2, "it waits no longer")
    }

    @Test func anEmptyServingLetsNothingIn() throws {
        let fixture = try StoreFixture(.lmdb)
        fixture.store.setServing(SlotServing())
        #expect(fixture.door(0, isWrite: false) == .elsewhere)
        // The node's own records get through.
        try fixture.own(StoreFixture.slots(0...9))
        #expect(fixture.store.ownedSlots()?.slots == StoreFixture.slots(0...9))
    }

    /// Where sets overlap, the one that lets in the least counts.
    @Test func aSlotThatIsHeldIsNotServed() throws {
        let fixture = try StoreFixture(.lmdb)
        let all = StoreFixture.slots(0...9)
        fixture.store.setServing(SlotServing(served: all, writesHeld: all))
        #expect(fixture.door(3, isWrite: true) == .wait && fixture.door(3, isWrite: false) == .open)
        fixture.store.setServing(SlotServing(served: all, writesHeld: all, held: all))
        #expect(fixture.door(3, isWrite: false) == .wait)
    }
}
