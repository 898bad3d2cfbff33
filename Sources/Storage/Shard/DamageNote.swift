import Model
import Synchronization

/// What reads have found damaged in the engine: the first of it, until it is whole again.
package final class DamageNote: Sendable {
    private struct State {
        var error: StorageError?
        /// Where a read of one key has found it.
        var place: (slot: UInt16, key: [UInt8])?
    }

    private let state = Mutex(State())

    /// Any thread.
    package var error: StorageError? { state.withLock { $0.error } }

    /// The key that was damaged; nil if a scan has found it, or nothing is.
    var place: (slot: UInt16, key: [UInt8])? { state.withLock { $0.place } }

    static func isDamage(_ error: StorageError) -> Bool { error.code == .damaged || error.code == .corrupt }

    /// Notes an error of a read if it tells of damage. Any thread.
    func note(_ error: StorageError, place: (slot: UInt16, key: [UInt8])? = nil) {
        guard DamageNote.isDamage(error) else { return }
        state.withLock { state in
            guard state.error == nil else { return }
            state = State(error: error, place: place)
        }
    }

    /// The contents have been replaced, or the record was written again.
    func forget() { state.withLock { $0 = State() } }
}
