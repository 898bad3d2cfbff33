/// A node's part in the job, as it tells it in its status. Counts are since the node took the lead.
package struct ReshardProgress: Hashable, Sendable, Codable {
    /// What a target does at the moment.
    package enum Phase: String, Sendable, Codable, CaseIterable {
        /// No move is its to take now: paused, or all are done.
        case idle
        /// It waits before it tries again; `message` says why.
        case waiting
        case connecting
        /// What an earlier attempt left in these slots is deleted.
        case clearing
        case copying
        case catchingUp = "catching up"
        case handingOver = "handing over"
    }

    /// As the leader of a target.
    package struct Target: Hashable, Sendable, Codable {
        package var phase: Phase
        /// The move it is at.
        package var move: Int?
        package var keysCopied: UInt64
        /// Of the move's keys and bytes as the source counted them when the copy began.
        package var keysTotal: UInt64
        package var bytesCopied: UInt64
        package var bytesTotal: UInt64
        /// Measured over the last seconds; copied and caught up.
        package var bytesPerSecond: UInt64
        /// What it limits itself to, at the moment; nil: nothing.
        package var bytesPerSecondMax: UInt64?
        /// Log of the source, from here to its end.
        package var logBytesLeft: UInt64
        /// Writes came faster than it caught up, so it goes without limits.
        package var isHurrying: Bool
        /// Attempts of this move that ended before.
        package var failures: Int
        /// Why it waits, or what is slow, in words.
        package var message: String

        package enum CodingKeys: String, CodingKey {
            case phase, move
            case keysCopied = "keys_copied"
            case keysTotal = "keys_total"
            case bytesCopied = "bytes_copied"
            case bytesTotal = "bytes_total"
            case bytesPerSecond = "bytes_per_second"
            case bytesPerSecondMax = "bytes_per_second_max"
            case logBytesLeft = "log_bytes_left"
            case isHurrying = "hurrying"
            case failures, message
        }

        package init(phase: Phase = .idle, move: Int? = nil, message: String = "") {
            self.phase = phase
            self.move = move
            self.message = message
            keysCopied = 0
            keysTotal = 0
            bytesCopied = 0
            bytesTotal = 0
            bytesPerSecond = 0
            bytesPerSecondMax = nil
            logBytesLeft = 0
            isHurrying = false
            failures = 0
        }
    }

    /// As the leader of a source.
    package struct Source: Hashable, Sendable, Codable {
        /// Targets that copy from here now.
        package var links: Int
        /// Slots whose writes are held now.
        package var held: Int
        /// How long hand-overs held writes, from the hold's begin to its release.
        package var pauses: PauseHistogram

        package init(links: Int = 0, held: Int = 0, pauses: PauseHistogram = PauseHistogram()) {
            self.links = links
            self.held = held
            self.pauses = pauses
        }
    }

    /// The job it is about.
    package var job: String
    package var shard: String
    package var target: Target
    package var source: Source

    package init(job: String, shard: String, target: Target = Target(), source: Source = Source()) {
        self.job = job
        self.shard = shard
        self.target = target
        self.source = source
    }
}
