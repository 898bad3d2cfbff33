import Model
import Replication
import Testing

@Suite struct TermIndexTests {
    private func index(_ runs: [(term: UInt64, count: Int)]) -> TermIndex {
        var index = TermIndex(base: .zero)
        for run in runs {
            index.append(term: run.term, firstSequence: index.end.sequence + 1, count: UInt64(run.count))
        }
        return index
    }

    @Test func gapsOverlapsAndFallingTermsAreRefused() {
        var index = index([(2, 5)])
        let acceptsGap = index.append(term: 2, firstSequence: 7, count: 1)
        #expect(!acceptsGap)
        let acceptsOverlap = index.append(term: 2, firstSequence: 5, count: 1)
        #expect(!acceptsOverlap)
        let acceptsOldTerm = index.append(term: 1, firstSequence: 6, count: 1)
        #expect(!acceptsOldTerm)
        #expect(index.end == Position(term: 2, sequence: 5))
    }

    @Test func equalLengthOfAnotherTermIsNotContained() {
        let index = index([(1, 3), (3, 2)])
        #expect(index.contains(Position(term: 3, sequence: 5)))
        #expect(!index.contains(Position(term: 2, sequence: 5)))
        #expect(index.lastPossiblyCommon(with: Position(term: 2, sequence: 5)) == Position(term: 1, sequence: 3))
        #expect(index.lastPossiblyCommon(with: Position(term: 3, sequence: 9)) == Position(term: 3, sequence: 5))
    }

    @Test func truncationForgetsTerms() {
        var index = index([(1, 3), (3, 2)])
        index.truncate(after: 3)
        #expect(index.end == Position(term: 1, sequence: 3))
        index.truncate(after: 0)
        #expect(index.end == .zero)
    }
}
