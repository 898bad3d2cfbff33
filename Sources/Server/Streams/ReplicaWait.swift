/// A connection that waits until replicas, in the in-sync set or not, have the log on their disks up to a record.
package final class ReplicaWait: Sendable {
    /// The last record that this connection has written; 0: none.
    package let sequence: UInt64
    /// How many replicas are enough; 0 or less: it only wants to know how many there are.
    package let replicas: Int
    /// Called once, from any thread: how many replicas have it; nil when this node doesn't lead (any more).
    package let answer: @Sendable (Int?) -> Void

    package init(sequence: UInt64, replicas: Int, answer: @escaping @Sendable (Int?) -> Void) {
        self.sequence = sequence
        self.replicas = replicas
        self.answer = answer
    }
}
