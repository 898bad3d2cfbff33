/// A key's value: the tokens that were set and appended, in order.
package typealias Tokens = [UInt32]

/// One command of a client on one key, in true time (any unit).
package struct Operation {
    package enum Kind: Hashable, Sendable {
        case set(UInt32)
        case append(UInt32)
        case setIfAbsent(UInt32)
        case get
    }

    package enum Outcome: Hashable, Sendable {
        /// SET and APPEND were done.
        case done
        /// Whether NX set the key.
        case wasSet(Bool)
        case value(Tokens?)
        /// The connection was closed, or nothing came: done now, later, or never.
        case unknown
    }

    package var kind: Kind
    package var invoked: UInt64
    package var answered: UInt64
    package var outcome: Outcome

    package init(kind: Kind, invoked: UInt64, answered: UInt64, outcome: Outcome) {
        self.kind = kind
        self.invoked = invoked
        self.answered = answered
        self.outcome = outcome
    }
}
