/// What the nodes have in the end, held against a `History`.
struct Verdict: Sendable {
    enum Fault: String, CaseIterable, Sendable {
        /// Acknowledged, and not there.
        case lost
        /// Asked for once, and there twice.
        case doubled
        /// One writer's acknowledged tokens in another order than it sent them, or a list whose past was changed.
        case reordered
        /// Answered with an error, and there all the same.
        case refusedButDone = "refused but done"
        /// Nobody asked for it.
        case foreign
        /// Read: older than what had been acknowledged.
        case stale
        /// Read: a state that the list never had, such as a tail that was cut later.
        case phantom
        /// A replica has something else than its leader.
        case different
    }

    private(set) var acknowledged = 0
    private(set) var unknown = 0
    private(set) var refused = 0
    private(set) var looks = 0
    private(set) var counts: [Fault: Int] = [:]
    /// The first of each kind, in words.
    private(set) var examples: [Fault: String] = [:]

    var isClean: Bool { counts.isEmpty }

    func count(_ fault: Fault) -> Int { counts[fault] ?? 0 }

    /// All that is wrong, for the message of a test.
    var complaint: String {
        Fault.allCases.compactMap { fault in
            counts[fault].map { "\($0) \(fault.rawValue), such as \(examples[fault] ?? "")" }
        }.joined(separator: "; ")
    }

    /// One line for people.
    var summary: String {
        "\(acknowledged) acknowledged, \(unknown) unknown, \(refused) refused, \(looks) reads: \(count(.lost)) lost, "
            + "\(count(.doubled)) doubled, \(count(.reordered)) reordered, \(count(.refusedButDone)) refused but done, "
            + "\(count(.foreign)) foreign, \(count(.stale)) stale, \(count(.phantom)) phantom, "
            + "\(count(.different)) different on replicas"
    }

    /// The same as columns of a table; the last one has all that is neither lost, doubled nor reordered.
    var figures: [String] {
        let rest = counts.filter { ![.lost, .doubled, .reordered].contains($0.key) }.values.reduce(0, +)
        return [acknowledged, unknown, refused, looks, count(.lost), count(.doubled), count(.reordered), rest]
            .map { "\($0)" }
    }

    mutating func add(_ fault: Fault, _ example: String) {
        counts[fault, default: 0] += 1
        if examples[fault] == nil { examples[fault] = example }
    }

    mutating func tally(_ outcome: History.Outcome) {
        switch outcome {
        case .acknowledged: acknowledged += 1
        case .refused: refused += 1
        case .unknown: unknown += 1
        }
    }

    mutating func tallyLook() { looks += 1 }

    /// An operation that must be there, may be there, or must not.
    /// - Parameter times: how often it is there.
    mutating func expect(_ outcome: History.Outcome, times: Int, _ what: @autoclosure () -> String) {
        if times > 1 { add(.doubled, "\(what()): \(times) times") }
        if times == 0, outcome == .acknowledged { add(.lost, what()) }
        if times > 0, case .refused(let refusal) = outcome { add(.refusedButDone, "\(what()), refused: \(refusal)") }
    }

    /// A replica's keys and values beside its leader's.
    mutating func compare(_ replica: [String: [UInt8]], at place: String, with leader: [String: [UInt8]]) {
        for (key, value) in leader where replica[key] != value {
            add(.different, "\(key) on \(place): \(replica[key].map { "\($0.count) bytes" } ?? "not there")")
        }
        for key in replica.keys where leader[key] == nil { add(.different, "\(key) on \(place) only") }
    }
}
