import Routing
import Storage

/// One page of a shard's keys by slot and then key, for `GET /kv` and KEYS.
enum KeyListing {
    struct Page: Sendable {
        var keys: [[UInt8]]
        var hasMore: Bool
    }

    /// - Parameter after: the last key of the page before.
    static func page(
        _ store: ShardStore,
        _ state: ServingState,
        prefix: [UInt8],
        limit: Int,
        after: [UInt8]?,
        now: UInt64,
        matches: (UnsafeRawBufferPointer) -> Bool = { _ in true }
    ) -> Result<Page, StorageError> {
        do throws(StorageError) {
            let snapshot = try store.snapshot()
            defer { snapshot.close() }
            let first = after.map { $0.withUnsafeBytes { KeySlot.slot(of: $0) } } ?? 0
            var page = Page(keys: [], hasMore: false)
            try snapshot.scan(slots: first...UInt16(StorageLimits.slotCount - 1), after: after) { slot, key, value in
                guard state.owns(slot), value.expiry == 0 || value.expiry > now, key.starts(with: prefix), matches(key)
                else { return true }
                if page.keys.count == limit {
                    page.hasMore = true
                    return false
                }
                page.keys.append(Array(key))
                return true
            }
            return .success(page)
        } catch {
            return .failure(error)
        }
    }
}
