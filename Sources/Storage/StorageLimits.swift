/// The bounds of keys, values and batches, each with its reason.
package enum StorageLimits {
    /// Bytes of a key.
    package static let keyBytesMax = 4096
    /// Bytes of a value: one value must fit a batch, a reply buffer and a snapshot chunk.
    package static let valueBytesMax = 16 << 20
    /// Slots of the key space, as in Redis Cluster.
    package static let slotCount = 16384
    /// Keys longer than this are stored under a digest: LMDB takes at most 511 bytes of key.
    package static let engineKeyInlineMax = 476
    /// The part of a long key kept in front of its SHA-256.
    package static let engineKeyPrefix = 444
    /// A batch stops taking writes beyond this, so that one append, one sync and one network frame stay short.
    package static let batchBytesSoftMax = 4 << 20
    /// No batch on disk or on the wire may be longer: one command (MSET) of the largest size fits.
    package static let batchBytesHardMax = 256 << 20
}
