import Model
import Synchronization

/// One event loop's commands by slot, since its node started: for the heat of the slot map, so an estimate will do.
///
/// One command in about 16 is counted, for as many as it stands for, and the others cost a decrement. The gaps vary, so
/// that no rhythm of commands falls between them. Its loop alone counts; any thread may read at any time.
final class SlotHeat: @unchecked Sendable {
    // Sendable: `left`, `gap` and `seed` belong to the loop; the counts are atomic and the pointer never changes.
    private let counts = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: StorageLimits.slotCount)
    private var left = 1
    private var gap = 1
    private var seed: UInt32
    private let startedAt = Clock.monotonicMilliseconds()

    /// Gaps are 1 to 32, each as likely.
    private static let gapBits: UInt32 = 5

    init(seed: UInt32 = 0x9E37_79B9) {
        self.seed = seed
        for slot in 0..<StorageLimits.slotCount { (counts + slot).initialize(to: Atomic(0)) }
    }

    deinit {
        counts.deinitialize(count: StorageLimits.slotCount)
        counts.deallocate()
    }

    /// A command on a key of that slot (below 16384). On the loop.
    @inline(__always)
    func note(_ slot: UInt16) {
        left -= 1
        if left == 0 { count(slot) }
    }

    private func count(_ slot: UInt16) {
        let counter = counts + Int(slot)
        // One writer: no read-modify-write is needed.
        let total = counter.pointee.load(ordering: .relaxed) &+ UInt64(gap)
        counter.pointee.store(total, ordering: .relaxed)
        seed = seed &* 1_664_525 &+ 1_013_904_223
        gap = 1 + Int(seed >> (32 - SlotHeat.gapBits))
        left = gap
    }

    /// Adds the counts to `totals`, one for each slot.
    func add(to totals: inout [UInt64]) {
        for slot in totals.indices.prefix(StorageLimits.slotCount) {
            totals[slot] &+= (counts + slot).pointee.load(ordering: .relaxed)
        }
    }

    /// Milliseconds for which it has counted.
    func age(now: UInt64) -> UInt64 { now - min(now, startedAt) }
}
