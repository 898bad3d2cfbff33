import TestSupport

/// What is true of every key, known to the simulation alone: the state after the last committed write, whichever shard
/// committed it. A leader that serves must show exactly this; a write must extend exactly this.
final class ReshardTruth {
    struct Moment {
        var time: UInt64
        var version: UInt64
        var value: Tokens?
    }

    private(set) var violation: String?
    /// Per key, the newest last.
    private var history: [Int: [Moment]] = [:]
    private(set) var writes = 0
    private(set) var reads = 0
    private(set) var replicaReads = 0

    func fail(_ text: @autoclosure () -> String) { if violation == nil { violation = text() } }

    func value(of key: Int) -> Tokens? { history[key]?.last?.value }

    /// A client's write was committed by a shard, which saw `before` when it evaluated it.
    func committed(key: Int, before: Tokens?, after: Tokens?, version: UInt64, shard: String, at time: UInt64) {
        writes += 1
        let last = history[key]?.last
        if last?.value != before {
            fail(
                "\(shard) wrote key \(key) over \(words(before)), but it was \(words(last?.value)): a write is lost or reverted"
            )
        }
        if let last, version <= last.version {
            fail("\(shard) wrote key \(key) with version \(version), which had \(last.version) before")
        }
        if let after, Set(after).count != after.count { fail("key \(key) has a token twice: \(after)") }
        history[key, default: []].append(Moment(time: time, version: version, value: after))
    }

    /// A leader answered a read.
    func served(key: Int, value: Tokens?, version: UInt64?, shard: String) {
        reads += 1
        let last = history[key]?.last
        if last?.value != value {
            fail("\(shard) showed key \(key) as \(words(value)), but it was \(words(last?.value))")
        }
        if let version, let last, version != last.version {
            fail("\(shard) showed key \(key) with version \(version), written with \(last.version)")
        }
    }

    /// A replica answered a read, promising to be as new as `stamp`.
    func servedByReplica(key: Int, value: Tokens?, stamp: UInt64, shard: String) {
        replicaReads += 1
        let moments = history[key] ?? []
        let known = moments.lastIndex { $0.time < stamp }
        if known == nil, value == nil { return }
        let rest = moments[(known ?? 0)...]
        if !rest.contains(where: { $0.value == value }) {
            fail("a replica of \(shard) showed key \(key) as \(words(value)), older than it promised")
        }
    }

    private func words(_ value: Tokens?) -> String { value.map { "\($0)" } ?? "not there" }
}
