/// The place of a record in a shard's log: the leader's term and the record's sequence number.
///
/// Terms rise at every change of leader, sequences rise by one with every record. Two histories may have the same
/// length, so a comparison always looks at the term first.
package struct Position: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var term: UInt64
    package var sequence: UInt64

    @inlinable package init(term: UInt64, sequence: UInt64) {
        self.term = term
        self.sequence = sequence
    }

    /// Before the first record of any log.
    @inlinable package static var zero: Position { Position(term: 0, sequence: 0) }

    @inlinable package static func < (left: Position, right: Position) -> Bool {
        (left.term, left.sequence) < (right.term, right.sequence)
    }

    /// `T-S`, as in the status document and the paper's replication endpoint.
    package var description: String { "\(term)-\(sequence)" }

    /// Reads `T-S`; nil for anything else.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let term = UInt64(parts[0]), let sequence = UInt64(parts[1]) else { return nil }
        self.init(term: term, sequence: sequence)
    }
}
