/// The in-memory hash of keys: multiply-and-fold over eight bytes a step, seeded per process so that nobody can choose
/// keys that collide. Never stored and never sent; placement uses CRC16 slots.
package enum KeyHash {
    private static let seed = UInt64.random(in: .min ... .max)
    private static let first: UInt64 = 0xA076_1D64_78BD_642F
    private static let second: UInt64 = 0xE703_7ED1_A0B4_28DB

    /// Never 0, so that 0 can mark an empty place in a table.
    @inline(__always)
    package static func hash(_ key: UnsafeRawBufferPointer) -> UInt32 {
        var state = seed ^ (UInt64(truncatingIfNeeded: key.count) &* first)
        guard let base = key.baseAddress else { return UInt32(truncatingIfNeeded: state >> 32) | 1 }
        var offset = 0
        while key.count - offset >= 8 {
            state = fold(state ^ base.loadUnaligned(fromByteOffset: offset, as: UInt64.self), first)
            offset += 8
        }
        var tail: UInt64 = 0
        while offset < key.count {
            tail = tail << 8 | UInt64(base.load(fromByteOffset: offset, as: UInt8.self))
            offset += 1
        }
        state = fold(state ^ tail, second)
        let result = UInt32(truncatingIfNeeded: state ^ (state >> 32))
        return result == 0 ? 1 : result
    }

    @inline(__always)
    private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}
