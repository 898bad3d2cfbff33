import Model

/// Which term wrote which part of a log: what is needed to compare two histories without reading them.
///
/// Two logs that agree on the (term, sequence) of one record agree on everything before it, because a term has one
/// leader and a leader writes each sequence once.
package struct TermIndex: Hashable, Sendable {
    package struct Run: Hashable, Sendable {
        package var term: UInt64
        /// Sequence of the first record of the term (or of the first one known).
        package var first: UInt64
    }

    /// The position before the first record known here: `.zero`, a snapshot's position, or where the log was cut.
    package private(set) var base: Position
    /// The last record's position; `base` while there is none.
    package private(set) var end: Position
    private var runs: [Run] = []

    package init(base: Position) {
        self.base = base
        end = base
    }

    /// Takes note of records that follow the end.
    /// - Returns: false, changing nothing, if they don't: a gap, an overlap or a falling term.
    @discardableResult
    package mutating func append(term: UInt64, firstSequence: UInt64, count: UInt64) -> Bool {
        guard count > 0, firstSequence == end.sequence + 1, term >= end.term else { return false }
        if runs.last?.term != term { runs.append(Run(term: term, first: firstSequence)) }
        end = Position(term: term, sequence: firstSequence + count - 1)
        return true
    }

    /// Forgets everything behind `sequence`, which lies between base and end.
    package mutating func truncate(after sequence: UInt64) {
        guard sequence < end.sequence, sequence >= base.sequence else { return }
        while let last = runs.last, last.first > sequence { runs.removeLast() }
        end = runs.isEmpty ? base : Position(term: runs[runs.count - 1].term, sequence: sequence)
    }

    /// The term of the record at `sequence`; nil if it lies outside of what is known.
    package func term(at sequence: UInt64) -> UInt64? {
        guard sequence >= base.sequence, sequence <= end.sequence else { return nil }
        return runs.last { $0.first <= sequence }?.term ?? base.term
    }

    /// Whether this log has exactly that record.
    package func contains(_ position: Position) -> Bool { term(at: position.sequence) == position.term }

    /// The last record that can be common with a log that ends in (or has) `position`: the newest one here that is
    /// neither of a later term nor further along. nil if everything known here is.
    package func lastPossiblyCommon(with position: Position) -> Position? {
        var sequence = min(position.sequence, end.sequence)
        if let later = runs.first(where: { $0.term > position.term }) { sequence = min(sequence, later.first - 1) }
        guard sequence >= base.sequence, let term = term(at: sequence), term <= position.term else { return nil }
        return Position(term: term, sequence: sequence)
    }
}
