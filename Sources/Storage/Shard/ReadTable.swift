import Model
import Synchronization

/// What readers must know of a shard without its lock: which slots are served, and whether that has changed since.
///
/// Changed under the store's lock. Whoever reads takes `epoch` before and after: where both are the same, all that was
/// evaluated in between was evaluated before the next change was made, as under the lock.
final class ReadTable: @unchecked Sendable {
    // Sendable: all members are atomic; the pointer never changes.
    private static let servedByLeader: UInt8 = 1
    private static let shownByReplica: UInt8 = 2

    private let slots: UnsafeMutablePointer<Atomic<UInt8>>
    private let changes = Atomic<UInt64>(0)
    private let held = Atomic<Bool>(false)
    private let gated = Atomic<Bool>(false)

    init() {
        slots = .allocate(capacity: StorageLimits.slotCount)
        for slot in 0..<StorageLimits.slotCount {
            (slots + slot).initialize(to: Atomic(ReadTable.servedByLeader | ReadTable.shownByReplica))
        }
    }

    deinit {
        slots.deinitialize(count: StorageLimits.slotCount)
        slots.deallocate()
    }

    @inline(__always)
    var epoch: UInt64 { changes.load(ordering: .sequentiallyConsistent) }

    /// Something that readers go by has changed.
    func noteChange() { changes.wrappingAdd(1, ordering: .sequentiallyConsistent) }

    /// Reads wait for a change of leader.
    @inline(__always)
    var isHeld: Bool { held.load(ordering: .relaxed) }

    /// Whether a leader serves reads of the slot.
    @inline(__always)
    func serves(_ slot: UInt16) -> Bool { state(of: slot) & ReadTable.servedByLeader != 0 }

    /// Whether a replica shows the slot: the log does not say that it is another shard's.
    @inline(__always)
    func shows(_ slot: UInt16) -> Bool { state(of: slot) & ReadTable.shownByReplica != 0 }

    @inline(__always)
    private func state(of slot: UInt16) -> UInt8 {
        Int(slot) < StorageLimits.slotCount ? slots[Int(slot)].load(ordering: .relaxed) : 0
    }

    func setHeld(_ isHeld: Bool) {
        held.store(isHeld, ordering: .relaxed)
        noteChange()
    }

    /// Whether slots are let in one by one, whatever the slot map says.
    @inline(__always)
    var isGated: Bool { gated.load(ordering: .relaxed) }

    func setServed(isGated: Bool, _ serves: (UInt16) -> Bool) {
        gated.store(isGated, ordering: .relaxed)
        set(ReadTable.servedByLeader, serves)
    }

    func setShown(_ shows: (UInt16) -> Bool) { set(ReadTable.shownByReplica, shows) }

    private func set(_ bit: UInt8, _ isSet: (UInt16) -> Bool) {
        for slot in 0..<StorageLimits.slotCount {
            let old = slots[slot].load(ordering: .relaxed)
            slots[slot].store(isSet(UInt16(slot)) ? old | bit : old & ~bit, ordering: .relaxed)
        }
        noteChange()
    }
}
