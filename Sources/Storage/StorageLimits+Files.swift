import Model

/// The bounds of what is in files, each with its reason.
extension StorageLimits {
    /// Keys longer than this are stored under a digest: LMDB takes at most 511 bytes of key.
    package static let engineKeyInlineMax = 476
    /// The part of a long key kept in front of its SHA-256.
    package static let engineKeyPrefix = 444
    /// A batch stops taking writes beyond this, so that one append, one sync and one network frame stay short.
    package static let batchBytesSoftMax = 4 << 20
    /// No batch on disk or on the wire may be longer: one command (MSET) of the largest size fits.
    package static let batchBytesHardMax = 256 << 20
}
