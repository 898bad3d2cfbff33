/// An entry of the expiry index as both engines keep it: key = expiry (8 bytes, big endian) + stored key, value = the
/// whole key if that is long, else nothing. The bytes are borrowed from the engine.
struct ExpiryEntry {
    let expiry: UInt64
    let slot: UInt16
    let key: UnsafeRawBufferPointer

    /// nil if the bytes are too short for an entry.
    init?(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer) {
        guard key.count >= EngineKeyBuffer.expiryBytes else { return nil }
        let stored = UnsafeRawBufferPointer(rebasing: key[EngineKeyBuffer.expiryBytes...])
        guard let slot = EngineKey.slot(of: stored) else { return nil }
        expiry = UInt64(bigEndian: key.loadUnaligned(as: UInt64.self))
        self.slot = slot
        self.key = value.isEmpty ? EngineKey.inlineKey(of: stored) : value
    }
}
