/// The bounds of keys and values, which everybody keeps to, each with its reason; those of files are with what writes them.
package enum StorageLimits {
    /// Bytes of a key.
    @inlinable package static var keyBytesMax: Int { 4096 }
    /// Bytes of a value: one value must fit a batch, a reply buffer and a snapshot chunk.
    @inlinable package static var valueBytesMax: Int { 16 << 20 }
    /// Slots of the key space, as in Redis Cluster.
    @inlinable package static var slotCount: Int { 16_384 }
}
