import Model
import Replication
import Storage

extension TermIndex {
    /// The terms of a log as it stands.
    init(of log: CommitLog) {
        let history = log.history()
        self.init(base: history.base)
        var starts = history.starts
        // Records between the base and the first later term carry the base's own term.
        let firstStart = starts.first?.sequence ?? history.end.sequence + 1
        if firstStart > history.base.sequence + 1 {
            starts.insert(Position(term: history.base.term, sequence: history.base.sequence + 1), at: 0)
        }
        for (index, start) in starts.enumerated() {
            let next = index + 1 < starts.count ? starts[index + 1].sequence : history.end.sequence + 1
            append(term: start.term, firstSequence: start.sequence, count: next - start.sequence)
        }
    }
}
