/// The periods and bounds of leadership, each with its reason, in milliseconds.
package enum LeadershipLimits {
    /// The longest time between two ticks: a tenth of a second is not felt in a failover of seconds.
    package static let tickPeriod: UInt64 = 50
    /// How long candidates wait for each other's positions once the leader is gone; notices take milliseconds.
    package static let electionWait: UInt64 = 500
    /// A member that has just started waits so long for the others, who were perhaps started with it.
    package static let companyWait: UInt64 = ReplicationLimits.silenceMax
    /// After a conflict the record is read anew; meanwhile nothing is proposed, so that rivals don't spin.
    package static let conflictPause: UInt64 = 200
    /// A member that could not begin its term leaves the next attempt to others for so long.
    package static let failedTermPause: UInt64 = 1_000
    /// A proposal or session call without an answer is made again after this.
    package static let retryPause: UInt64 = 200
    /// A batch that the disk hasn't taken for so long ends leadership; what is asked of replicas is asked of leaders.
    package static let diskPatience: UInt64 = ReplicationLimits.silenceMax
    /// A replica that reaches the leader's end of `nearWindow` ago is near: writes that wait for it wait about so long.
    package static let nearWindow: UInt64 = 300
    /// A replica that writes wait for, and that doesn't reach the commit position in this time, is let go again.
    package static let joinMax: UInt64 = 1_000
    /// Held commands are released after this if leadership could not be handed over.
    package static let handOverMax: UInt64 = 1_000
    /// A new leader holds commands so long while it begins its term: a member that died is out of the set by then.
    package static let beginHoldMax: UInt64 = 5_000
    /// A replica that stops waits so long to be let out of the in-sync set.
    package static let leaveMax: UInt64 = 1_500
    /// A leader that stops tries so long to hand over.
    package static let stopMax: UInt64 = 4_000
}
