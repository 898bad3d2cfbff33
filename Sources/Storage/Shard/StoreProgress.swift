import Model

/// What a node's leadership asks a store for all the time. Kept beside the store's lock, so that no answer waits for a
/// command.
struct StoreProgress: Sendable {
    /// The last record of the batch that is being written or waits for replicas.
    var inFlightEnd: Position?
    var failure: StorageError?
}
