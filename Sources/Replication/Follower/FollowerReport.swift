/// A replica's state of replication, for the status document and for people.
package struct FollowerReport: Hashable, Sendable {
    package enum State: String, Sendable {
        /// Follows the leader's log.
        case running
        /// Takes a snapshot, or catches up after a time away; the message has a percentage.
        case syncing
        /// No working link to the leader; data is as old as the lag says. The message has the reason.
        case disconnected
        /// Given up until the node is started again. The message has the reason.
        case failed
    }

    package var state: State
    package var message: String

    package init(state: State, message: String) {
        self.state = state
        self.message = message
    }
}

/// How far a replica is behind, three ways.
package struct FollowerLag: Hashable, Sendable {
    /// 0 while it is within the resolution of 3 heartbeats and the link works.
    package var milliseconds: UInt64
    /// Records on the leader's disk, as last heard, that are not applied here.
    package var entries: UInt64
    package var bytes: UInt64

    package init(milliseconds: UInt64, entries: UInt64, bytes: UInt64) {
        self.milliseconds = milliseconds
        self.entries = entries
        self.bytes = bytes
    }
}

extension FollowerLag {
    /// What it is `age` milliseconds later if nothing was heard since.
    /// - Parameter staleness: the age of the data when the lag was read; nil where it was not known.
    package func aged(by age: UInt64, _ staleness: UInt64?) -> FollowerLag {
        var aged = self
        if milliseconds > 0 {
            aged.milliseconds = milliseconds + age
        } else {
            let total = (staleness ?? 0) + age
            aged.milliseconds = total <= ReplicationLimits.lagResolution ? 0 : total
        }
        return aged
    }
}
