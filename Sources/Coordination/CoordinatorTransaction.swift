/// What must hold for a transaction to be done.
package enum CoordinatorCompare: Hashable, Sendable {
    /// The key is there and was last written at that revision.
    case revision(key: String, equals: UInt64)
    case present(key: String)
    case absent(key: String)

    package var key: String {
        switch self {
        case .revision(let key, _), .present(let key), .absent(let key): key
        }
    }

    /// As a revision that is 0 for "not there", which is how records are compared.
    package static func unchanged(key: String, revision: UInt64) -> CoordinatorCompare {
        revision == 0 ? .absent(key: key) : .revision(key: key, equals: revision)
    }
}

/// What a transaction does. No key may be written twice by one.
package enum CoordinatorOperation: Hashable, Sendable {
    /// Writes the value; with a session, the key vanishes with it. Without, an earlier tie to a session is cut.
    case put(key: String, value: [UInt8], session: String? = nil)
    case delete(key: String)

    package var key: String {
        switch self {
        case .put(let key, _, _), .delete(let key): key
        }
    }
}

/// How a transaction ended. One without an answer throws `unknownOutcome` instead.
package enum CoordinatorOutcome: Hashable, Sendable {
    /// All of it is done, durably, at that revision. `read` has what the transaction was asked to read, before its own
    /// changes, nil for keys that are not there.
    case committed(revision: UInt64, read: [String: CoordinatorEntry])
    /// A comparison failed, nothing was done and never will be. `current` has every key that was compared or was to be
    /// read, and is there, as this same transaction found it.
    case conflict(revision: UInt64, current: [String: CoordinatorEntry])
}
