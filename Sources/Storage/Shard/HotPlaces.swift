import Glibc

/// The memory of a hash table's places: each names an entry and its hash, so that a look at one touches one cache line.
/// Whoever made it gives it back with `deallocate`.
struct HotPlaces {
    struct Place {
        /// nil: a free place.
        var entry: UnsafeMutablePointer<HotEntry>?
        var hash: UInt32 = 0
    }

    /// Places less one; their number is a power of two.
    let mask: Int
    private let places: UnsafeMutablePointer<Place>

    /// A table from this size on lies in pages of this size where the kernel has some to spare: a look at a place anywhere
    /// then costs no walk over the page table.
    private static let largePageBytes = 2 << 20

    /// - Parameter capacity: a power of two.
    init(capacity: Int) {
        mask = capacity - 1
        let bytes = capacity * MemoryLayout<Place>.stride
        let isLarge = bytes >= HotPlaces.largePageBytes
        let alignment = isLarge ? HotPlaces.largePageBytes : MemoryLayout<Place>.stride
        let memory = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: alignment)
        // Advice: where the kernel takes none, the table works the same.
        if isLarge { _ = madvise(memory, bytes, MADV_HUGEPAGE) }
        places = memory.bindMemory(to: Place.self, capacity: capacity)
        places.initialize(repeating: Place(), count: capacity)
    }

    func deallocate() { places.deallocate() }

    /// Valid until `deallocate`.
    @inline(__always)
    func pointer(at index: Int) -> UnsafePointer<Place> { UnsafePointer(places + index) }

    @inline(__always)
    subscript(index: Int) -> Place {
        get { places[index] }
        nonmutating set { places[index] = newValue }
        nonmutating _modify { yield &places[index] }
    }
}
