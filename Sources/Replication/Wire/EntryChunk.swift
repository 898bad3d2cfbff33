import Model

/// One key, or its end, on its way to another node. Key and value are borrowed from the chunk (or from the engine) for the
/// length of a call.
package protocol ChunkEntry {
    /// Bytes in front of key and value.
    static var headerBytes: Int { get }
    /// A chunk is sent when it has so many bytes.
    static var chunkBytes: Int { get }

    /// Sequence of the write.
    var version: UInt64 { get }
    var key: UnsafeRawBufferPointer { get }
    /// Empty for a delete.
    var value: UnsafeRawBufferPointer { get }

    /// The entry at `offset`; nil when it does not fit or makes no sense.
    static func decode(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Self?
    /// Appends header, key and value.
    func append(to bytes: inout [UInt8])
}

extension ChunkEntry {
    /// Bytes it takes in a chunk.
    package var encodedBytes: Int { Self.headerBytes + key.count + value.count }
}

/// Many entries, in order, independent of the engine: count u32, then the entries, little endian. Immutable.
package struct EntryChunk<Entry: ChunkEntry>: Sendable {
    /// A full chunk and one more entry of the largest size.
    package static var bytesMax: Int {
        Entry.chunkBytes + Entry.headerBytes + StorageLimits.keyBytesMax + StorageLimits.valueBytesMax
    }

    /// Checked when it was read: `count` entries fill it exactly.
    package let bytes: [UInt8]
    package let count: Int
    /// The highest version in it.
    package let versionMax: UInt64

    fileprivate init(bytes: [UInt8], count: Int, versionMax: UInt64) {
        self.bytes = bytes
        self.count = count
        self.versionMax = versionMax
    }

    /// Reads a peer's bytes, which are copied; nil when anything is wrong with them.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 4 else { return nil }
        let count = Int(UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self)))
        guard count > 0 else { return nil }
        var offset = 4
        var versionMax: UInt64 = 0
        for _ in 0..<count {
            guard let entry = Entry.decode(bytes, at: offset) else { return nil }
            versionMax = max(versionMax, entry.version)
            offset += entry.encodedBytes
        }
        guard offset == bytes.count else { return nil }
        self.init(bytes: [UInt8](bytes), count: count, versionMax: versionMax)
    }

    /// Calls `body` with the entries in order until it returns false; their bytes live only inside the call.
    package func walk(_ body: (Entry) -> Bool) {
        bytes.withUnsafeBytes { bytes in
            var offset = 4
            while let entry = Entry.decode(bytes, at: offset) {
                guard body(entry) else { return }
                offset += entry.encodedBytes
            }
        }
    }

    /// Calls `body` for every entry in order; its bytes live only inside the call.
    package func forEachEntry<Failure: Error>(_ body: (Entry) throws(Failure) -> Void) throws(Failure) {
        var failure: Failure?
        walk { entry in
            do throws(Failure) {
                try body(entry)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
    }

    /// Calls `body` once with all entries in order; their bytes live only inside the call.
    package func withEntries<R, Failure: Error>(_ body: ([Entry]) throws(Failure) -> R) throws(Failure) -> R {
        let result = bytes.withUnsafeBytes { bytes -> Result<R, Failure> in
            var entries: [Entry] = []
            entries.reserveCapacity(count)
            var offset = 4
            while let entry = Entry.decode(bytes, at: offset) {
                entries.append(entry)
                offset += entry.encodedBytes
            }
            do throws(Failure) { return .success(try body(entries)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

/// A chunk in the making, where it comes from. Used by one thread.
package struct EntryChunkBuilder<Entry: ChunkEntry> {
    /// The payload so far, but for the count.
    package private(set) var bytes: [UInt8] = [0, 0, 0, 0]
    package private(set) var count = 0
    private var versionMax: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    /// Bytes so far.
    package var byteCount: Int { bytes.count }

    /// Whether it is time to send it.
    package var isFull: Bool { bytes.count >= Entry.chunkBytes }

    /// Adds an entry; key and value are copied. Within the limits of `StorageLimits`, one entry always fits.
    package mutating func append(_ entry: Entry) {
        if count == 0 { bytes.reserveCapacity(Entry.chunkBytes + entry.encodedBytes) }
        entry.append(to: &bytes)
        count += 1
        versionMax = max(versionMax, entry.version)
    }

    /// Gives the chunk away, which may be empty, and starts anew.
    package mutating func takeChunk() -> EntryChunk<Entry> {
        withUnsafeBytes(of: UInt32(count).littleEndian) { bytes.replaceSubrange(0..<4, with: $0) }
        let chunk = EntryChunk<Entry>(bytes: bytes, count: count, versionMax: versionMax)
        self = EntryChunkBuilder()
        return chunk
    }
}
