/// Whether a key's history is that of one register: the search of Wing and Gong with Lowe's memory of visited states.
package struct LinearizabilityCheck {
    private struct State: Hashable {
        var done: UInt64
        var value: Tokens?
    }

    /// Histories are kept shorter than the bits of a word; the keys are many instead.
    package static let operationsMax = 60
    private let operations: [Operation]
    private let required: UInt64
    private var visited: Set<State> = []

    private init(_ operations: [Operation]) {
        self.operations = operations.sorted { $0.invoked < $1.invoked }
        var bits: UInt64 = 0
        for (index, operation) in self.operations.enumerated() where operation.outcome != .unknown {
            bits |= 1 << index
        }
        required = bits
    }

    /// - Returns: nil if the history is linearizable, else the history in words.
    package static func violation(_ history: [Operation]) -> String? {
        // A read that nobody knows the answer of says nothing.
        let relevant = history.filter { !($0.kind == .get && $0.outcome == .unknown) }
        precondition(relevant.count <= operationsMax, "history too long")
        var check = LinearizabilityCheck(relevant)
        if check.search(State(done: 0, value: nil)) { return nil }
        return check.operations.map { "\($0.invoked)-\($0.answered) \($0.kind) \($0.outcome)" }.joined(separator: "\n")
    }

    private mutating func search(_ state: State) -> Bool {
        if state.done & required == required { return true }
        guard visited.insert(state).inserted else { return false }
        var earliestAnswer = UInt64.max
        for (index, operation) in operations.enumerated() where state.done & (1 << index) == 0 {
            if operation.outcome != .unknown { earliestAnswer = min(earliestAnswer, operation.answered) }
        }
        for (index, operation) in operations.enumerated() where state.done & (1 << index) == 0 {
            guard operation.invoked <= earliestAnswer else { break }
            for value in results(of: operation, on: state.value) {
                if search(State(done: state.done | 1 << index, value: value)) { return true }
            }
        }
        return false
    }

    /// The values a key may have after the operation; empty if its outcome can't be had from this one.
    private func results(of operation: Operation, on value: Tokens?) -> [Tokens?] {
        switch (operation.kind, operation.outcome) {
        case (.get, .value(let seen)): seen == value ? [value] : []
        case (.get, _): [value]
        case (.set(let token), _): [[token]]
        case (.append(let token), _): [(value ?? []) + [token]]
        case (.setIfAbsent(let token), .wasSet(let wasSet)):
            wasSet == (value == nil) ? [wasSet ? [token] : value] : []
        case (.setIfAbsent(let token), _): [value ?? [token]]
        }
    }
}
