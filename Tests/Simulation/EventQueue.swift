/// What happens when: a binary heap by true time in microseconds; at the same time, in the order of scheduling.
struct EventQueue {
    private struct Item {
        var time: UInt64
        var number: UInt64
        var body: () -> Void
    }

    private var items: [Item] = []
    private var nextNumber: UInt64 = 0

    var isEmpty: Bool { items.isEmpty }
    var nextTime: UInt64? { items.first?.time }

    mutating func add(at time: UInt64, _ body: @escaping () -> Void) {
        nextNumber += 1
        items.append(Item(time: time, number: nextNumber, body: body))
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard isBefore(child, parent) else { return }
            items.swapAt(child, parent)
            child = parent
        }
    }

    mutating func popFirst() -> (time: UInt64, body: () -> Void)? {
        guard let first = items.first, let last = items.popLast() else { return nil }
        if !items.isEmpty {
            items[0] = last
            sink()
        }
        return (first.time, first.body)
    }

    mutating func removeAll() { items = [] }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < items.count && isBefore(child, least) {
                least = child
            }
            guard least != parent else { return }
            items.swapAt(least, parent)
            parent = least
        }
    }

    private func isBefore(_ left: Int, _ right: Int) -> Bool {
        (items[left].time, items[left].number) < (items[right].time, items[right].number)
    }
}
