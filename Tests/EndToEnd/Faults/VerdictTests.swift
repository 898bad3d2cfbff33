import Model
import Testing

extension EndToEndSuite.Faults {
    /// The audit finds what it is there for: each fault planted once into a history that is clean without it.
    @Suite struct VerdictTests {
        private let refusal = History.Refusal("CLUSTERDOWN no leader", by: NodeAddress(host: "127.0.0.1", port: 9))

        private var history: History {
            var history = History()
            history.writes = [
                "kept": .init(value: "v", outcome: .acknowledged), "perhaps": .init(value: "v", outcome: .unknown),
                "no": .init(value: "v", outcome: .refused(refusal)),
            ]
            history.lists["list"] = [
                .init(writer: 1, number: 0, outcome: .acknowledged, length: 4),
                .init(writer: 1, number: 1, outcome: .unknown),
                .init(writer: 2, number: 0, outcome: .acknowledged, length: 8),
                .init(writer: 1, number: 2, outcome: .refused(refusal)),
                .init(writer: 1, number: 3, outcome: .acknowledged, length: 12),
            ]
            history.claims["claim"] = [
                .init(name: "a", outcome: .acknowledged, isWon: true), .init(name: "b", outcome: .acknowledged),
            ]
            history.counts["counter"] = .init(told: [1, 3], unknown: 1)
            history.looks["list"] = [look("1-0;2-0;", floor: 4)]
            return history
        }

        private func look(_ text: String, floor: Int) -> History.Look {
            let bytes = Array(text.utf8)
            return .init(length: bytes.count, digest: History.Digest.of(bytes), floor: floor, place: "here")
        }

        private let contents = ["kept": "v", "list": "1-0;2-0;1-3;", "claim": "a", "counter": "3"]

        private func judge(_ history: History, _ contents: [String: String]) -> Verdict {
            history.judge(contents.mapValues { Array($0.utf8) })
        }

        /// What is found when one key has something else (nil: nothing).
        private func found(_ key: String, _ value: String?) -> Set<Verdict.Fault> {
            var contents = contents
            contents[key] = value
            let verdict = judge(history, contents)
            return Set(Verdict.Fault.allCases.filter { verdict.count($0) > 0 })
        }

        @Test func whatIsRightIsClean() {
            let verdict = judge(history, contents)
            #expect(verdict.isClean, "\(verdict.complaint)")
            #expect(verdict.acknowledged == 8 && verdict.unknown == 3 && verdict.refused == 2)
            // What nobody knows the outcome of may have happened, and later than what came after it.
            #expect(found("perhaps", "v").isEmpty)
            #expect(found("list", "1-0;2-0;1-3;1-1;").isEmpty)
            #expect(found("counter", "3").isEmpty)
        }

        @Test func writes() {
            #expect(found("kept", nil) == [.lost])
            #expect(found("kept", "w") == [.foreign])
            #expect(found("no", "v") == [.refusedButDone])
            #expect(found("nobody's", "v") == [.foreign])
        }

        @Test func lists() {
            #expect(found("list", "1-0;2-0;").contains(.lost))
            #expect(found("list", "1-0;2-0;1-3;1-3;") == [.doubled])
            #expect(found("list", "1-0;2-0;1-3;1-2;") == [.refusedButDone])
            #expect(found("list", "1-0;2-0;1-3;9-9;") == [.foreign])
            #expect(found("list", "1-3;2-0;1-0;").contains(.reordered))
            // The order of one writer is right, but the list is not the one that was told.
            #expect(found("list", "2-0;1-0;1-3;").contains(.reordered))
            // Before what had been acknowledged when it was sent.
            #expect(found("list", "1-1;1-0;2-0;1-3;").contains(.reordered))
        }

        /// The verdict alone has to say where to look: it may take hundreds of runs to see it again.
        @Test func whatWasRefusedButDoneIsToldWithTheRefusal() {
            var history = history
            history.claims["claim"]?[0].outcome = .refused(refusal)
            let verdict = judge(history, ["kept": "v", "no": "v", "list": "1-0;2-0;1-3;1-2;", "claim": "a"])
            #expect(verdict.count(.refusedButDone) == 3)
            #expect(refusal.description.hasPrefix("`CLUSTERDOWN no leader` of 127.0.0.1:9 at "))
            #expect(verdict.complaint.contains(refusal.description), "\(verdict.complaint)")
        }

        @Test func claimsAndCounters() {
            #expect(found("claim", nil).contains(.lost))
            #expect(found("claim", "b").contains(.lost))
            #expect(found("claim", "c").contains(.foreign))
            #expect(found("counter", "2") == [.lost])
            #expect(found("counter", "4") == [.doubled])
            var twice = history
            twice.claims["claim"]?[1].isWon = true
            #expect(judge(twice, contents).count(.doubled) == 1)
            var told = history
            told.counts["counter"]?.told = [3, 3]
            #expect(judge(told, contents).count(.doubled) == 1)
        }

        @Test func readsAndReplicas() {
            var history = history
            history.looks["list"] = [
                look("1-0;", floor: 8), look("1-0;1-1;", floor: 0), look("1-0;2-0;1-3;7-7;", floor: 0),
            ]
            let verdict = judge(history, contents)
            #expect(verdict.count(.stale) == 1)
            #expect(verdict.count(.phantom) == 2)
            var compared = Verdict()
            compared.compare(["a": [1], "c": [3]], at: "here", with: ["a": [2], "b": [1]])
            #expect(compared.count(.different) == 3)
        }
    }
}
