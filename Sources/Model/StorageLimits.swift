/// The bounds of keys and values, which everybody keeps to, each with its reason; those of files are with what writes them.
package enum StorageLimits {
    /// Bytes of a key.
    package static let keyBytesMax = 4096
    /// Bytes of a value: one value must fit a batch, a reply buffer and a snapshot chunk.
    package static let valueBytesMax = 16 << 20
    /// Slots of the key space, as in Redis Cluster.
    package static let slotCount = 16384
}
