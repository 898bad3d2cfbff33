import Model

/// What is said of a record whose checksum is wrong, or that is where it can't be.
enum RecordDamage {
    private static let charactersMax = 128

    /// The error for the record of a key.
    /// - Parameters:
    ///   - stored: the key's stored form, or what stands in its place.
    ///   - folder: the engine's.
    static func error(stored: UnsafeRawBufferPointer, folder: String, _ what: String) -> StorageError {
        let slot = EngineKey.slot(of: stored).map { "slot \($0)" } ?? "no slot"
        let key = stored.count > EngineKey.slotBytes ? printable(EngineKey.inlineKey(of: stored)) : ""
        return StorageError(.damaged, "the record of key \"\(key)\" in \(slot) is damaged in \(folder): \(what)")
    }

    /// Characters that a terminal shows, others as `\xNN`; not all of a long key.
    private static func printable(_ key: UnsafeRawBufferPointer) -> String {
        var text = ""
        for byte in key.prefix(charactersMax) {
            switch byte {
            case 0x22, 0x5C: text += "\\" + String(UnicodeScalar(byte))
            case 0x20..<0x7F: text += String(UnicodeScalar(byte))
            default: text += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return key.count > charactersMax ? text + "..." : text
    }
}

extension EngineRecord {
    /// Reads the record of a key and compares its head's checksum. Nothing is copied.
    /// - Parameters:
    ///   - stored: the key's stored form.
    ///   - isStrict: all records of this engine have checksums.
    /// - Throws: `.damaged`.
    @inline(__always)
    static func sound(
        _ bytes: UnsafeRawBufferPointer,
        stored: UnsafeRawBufferPointer,
        isStrict: Bool,
        folder: String
    ) throws(StorageError) -> EngineRecord {
        guard let record = EngineRecord(bytes) else {
            throw RecordDamage.error(stored: stored, folder: folder, "it is shorter than its header")
        }
        guard record.hasSoundHead(stored: stored, isStrict: isStrict) else {
            throw RecordDamage.error(stored: stored, folder: folder, "its checksum is wrong")
        }
        return record
    }

    /// Compares the checksum of a value.
    /// - Throws: `.damaged`.
    @inline(__always)
    func checkValue(stored: UnsafeRawBufferPointer, folder: String) throws(StorageError) {
        if hasSoundValue() { return }
        throw RecordDamage.error(stored: stored, folder: folder, "the checksum of its value is wrong")
    }
}
