import Model
import Storage

/// One page of a shard's keys by slot and then key, for `GET /kv` and KEYS.
enum KeyListing {
    /// What a key costs in a reply beside its own bytes.
    private static let overheadBytes = 10

    struct Page: Sendable {
        var keys: [[UInt8]]
        var hasMore: Bool
    }

    /// - Parameters:
    ///   - limit: keys at the most; with `bytesMax`, bytes of keys, beyond which `hasMore` is said.
    ///   - after: the last key of the page before.
    static func page(
        _ store: ShardStore,
        _ state: ServingState,
        prefix: [UInt8],
        limit: Int,
        bytesMax: Int = .max,
        after: [UInt8]?,
        now: UInt64,
        matches: (UnsafeRawBufferPointer) -> Bool = { _ in true }
    ) -> Result<Page, StorageError> {
        do throws(StorageError) {
            let snapshot = try store.snapshot()
            defer { snapshot.close() }
            let shows = state.shows(store)
            let first = after.map { $0.withUnsafeBytes { KeySlot.slot(of: $0) } } ?? 0
            var page = Page(keys: [], hasMore: false)
            var bytes = 0
            try snapshot.scanKeys(slots: first...UInt16(StorageLimits.slotCount - 1), after: after) {
                slot,
                key,
                expiry in
                guard shows(slot), expiry == 0 || expiry > now, key.starts(with: prefix), matches(key)
                else { return true }
                if page.keys.count == limit || bytes >= bytesMax {
                    page.hasMore = true
                    return false
                }
                page.keys.append(Array(key))
                bytes += key.count + KeyListing.overheadBytes
                return true
            }
            return .success(page)
        } catch {
            return .failure(error)
        }
    }
}
