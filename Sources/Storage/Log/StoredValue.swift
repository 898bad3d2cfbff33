/// A value as an engine keeps it, with its header. `bytes` is borrowed: valid only inside the closure it came with.
package struct StoredValue {
    /// The sequence number of the write that set it: the version in ETags and compare-and-set.
    package var version: UInt64
    /// Absolute expiry in milliseconds since 1970, 0 for never.
    package var expiry: UInt64
    /// Reserved for encodings; 0 today.
    package var flags: UInt8
    package var bytes: UnsafeRawBufferPointer

    package init(version: UInt64, expiry: UInt64, flags: UInt8 = 0, bytes: UnsafeRawBufferPointer) {
        self.version = version
        self.expiry = expiry
        self.flags = flags
        self.bytes = bytes
    }
}

extension StoredValue {
    /// What a record that sets a key makes of it. Borrows from the record's batch.
    package init(_ record: LogRecord, sequence: UInt64) {
        self.init(
            version: record.version(at: sequence),
            expiry: record.expiry,
            flags: record.flags,
            bytes: record.content
        )
    }
}
