/// The journal of a reshard: the one document at the coordinator that says what is to be done and whether it goes on.
///
/// Which moves are done is not in it: the slot map tells (`ReshardMove.stage`). So there is nothing to keep in step,
/// and whoever leads a shard next goes on from what both say.
package struct ReshardJob: Hashable, Sendable {
    /// The document's name at the coordinator.
    package static let documentName = "reshard"
    /// Raised when a former version could not carry out what the document says.
    package static let formatVersion = 1

    package enum State: String, Sendable, Codable, CaseIterable {
        case running
        /// No move is begun and nothing new copied; hand-overs that were asked for go through.
        case paused
        /// No slot changes its owner any more; leaders of any shard make it `cancelled`.
        case cancelling
        case cancelled
        case done
        /// It can't go on, for the `reason`; what was moved stays.
        case failed

        package var isEnded: Bool { self == .cancelled || self == .done || self == .failed }
        /// Whether slots may still change their owner by it.
        package var mayMove: Bool { self == .running || self == .paused }
    }

    /// Random, 32 hexadecimal digits.
    package let id: String
    /// Who asked, for people: user and host, say.
    package let requester: String
    /// Milliseconds since 1970.
    package let createdAt: UInt64
    package let request: ReshardRequest
    package let policyBefore: PlacementPolicy
    package let policyAfter: PlacementPolicy
    package let moves: [ReshardMove]
    /// The version of the slot map that it was planned on.
    package let mapVersion: UInt64
    /// By shard, the slots that earlier jobs moved to or from it: what their moves may have left there is cleared also by
    /// leaders that never saw those jobs.
    package internal(set) var earlier: [String: SlotList] = [:]
    package internal(set) var state: State
    /// Why it failed, was paused or cancelled, in words; nil where nobody said.
    package internal(set) var reason: String?
    /// The most bytes per second of all targets together; nil: as fast as readers and writers allow.
    package internal(set) var rate: UInt64?

    /// A job that begins.
    /// - Parameters:
    ///   - id: random, 32 hexadecimal digits.
    ///   - now: milliseconds since 1970.
    /// - Throws: `.badText` for a rate below `rateMin`.
    package init(
        id: String,
        requester: String,
        now: UInt64,
        request: ReshardRequest,
        policyBefore: PlacementPolicy,
        policyAfter: PlacementPolicy,
        moves: [ReshardMove],
        mapVersion: UInt64,
        rate: UInt64? = nil
    ) throws(ReshardError) {
        self.id = id
        self.requester = Self.line(requester)
        createdAt = now
        self.request = request
        self.policyBefore = policyBefore
        self.policyAfter = policyAfter
        self.moves = moves
        self.mapVersion = mapVersion
        state = .running
        self.rate = try Self.checked(rate)
    }

    static func checked(_ rate: UInt64?) throws(ReshardError) -> UInt64? {
        guard let rate else { return nil }
        guard rate >= ReshardJobLimits.rateMin else {
            let least = ReshardJobLimits.rateMin >> 10
            throw ReshardError(.badText, "a rate of \(rate) bytes/s is too low; say \(least) KiB/s or more, or pause")
        }
        return rate
    }

    /// Text for people: one line of bounded length.
    package static func line(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars where line.utf8.count < ReshardJobLimits.textBytesMax - 4 {
            line.unicodeScalars.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return line
    }

    package func pausing(reason: String? = nil) throws(ReshardError) -> ReshardJob {
        try changed("paused", from: [.running], to: .paused, reason)
    }

    package func resuming() throws(ReshardError) -> ReshardJob {
        try changed("resumed", from: [.paused], to: .running, nil)
    }

    /// What is moved by then stays where it is.
    package func cancelling(reason: String? = nil) throws(ReshardError) -> ReshardJob {
        try changed("cancelled", from: [.running, .paused], to: .cancelling, reason)
    }

    /// - Parameter rate: bytes per second of all targets together; nil: without a limit of its own.
    package func limiting(to rate: UInt64?) throws(ReshardError) -> ReshardJob {
        guard state.mayMove else { throw refusal("given another rate") }
        var job = self
        job.rate = try Self.checked(rate)
        return job
    }

    /// The job after others, with the slots that those moved to or from each shard.
    package func following(_ earlier: [String: SlotList]) -> ReshardJob {
        var job = self
        job.earlier = earlier
        return job
    }

    /// The job once it has ended. Whoever calls it knows that it has: the slot map tells.
    package func ended(_ state: State, reason: String?) -> ReshardJob {
        var job = self
        job.state = state
        job.reason = reason
        return job
    }

    private func changed(
        _ what: String,
        from states: [State],
        to state: State,
        _ reason: String?
    ) throws(ReshardError) -> ReshardJob {
        guard states.contains(self.state) else { throw refusal(what) }
        var job = self
        job.state = state
        job.reason = reason.map(Self.line)
        return job
    }

    private func refusal(_ what: String) -> ReshardError {
        let advice = state.isEnded ? "it has ended; plan a new one" : "shoal reshard status shows it"
        return ReshardError(.wrongState, "the reshard can't be \(what): it is \(state.rawValue); \(advice)")
    }
}
