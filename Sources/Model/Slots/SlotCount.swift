/// Keys and bytes of a slot. Bytes are those users sent: key plus value, without headers or engine overhead.
package struct SlotCount: Hashable, Sendable {
    package var keys: UInt64
    package var bytes: UInt64

    package init(keys: UInt64 = 0, bytes: UInt64 = 0) {
        self.keys = keys
        self.bytes = bytes
    }
}
