import Synchronization

/// The memory that all stripes of a hot table may use together for what is no more than cache.
package final class HotBudget: Sendable {
    private let used = Atomic<Int>(0)
    private let bytesMax: Int
    private let stripes: Int

    package init(bytesMax: Int, stripes: Int = 1) {
        self.bytesMax = bytesMax
        self.stripes = stripes
    }

    /// Bytes of the entries of all stripes.
    package var bytes: Int { used.load(ordering: .relaxed) }

    /// Whether some stripe has to give something up.
    @inline(__always)
    package var isOver: Bool { used.load(ordering: .relaxed) > bytesMax }

    @inline(__always)
    func change(by difference: Int) { used.wrappingAdd(difference, ordering: .relaxed) }

    /// Whether a stripe that holds `bytes` is to give something up: it holds at least its share of what is too much. One
    /// that holds less keeps what it has, so that a slot in which all keys are hot may use what the others don't.
    @inline(__always)
    func wantsRoom(of bytes: Int) -> Bool {
        let all = used.load(ordering: .relaxed)
        return all > bytesMax && bytes &* stripes >= all
    }
}
