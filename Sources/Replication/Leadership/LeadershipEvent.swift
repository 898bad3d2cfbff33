import Model

extension LeadershipMachine {
    /// What happened. Times are in milliseconds of the member's boot-time clock.
    package enum Event: Sendable {
        // MARK: The coordinator's answers. Every request is answered; the driver gives up after a time-out of its own.

        /// Answer to `openSession`. `sentAt` was read before the request was sent.
        case sessionGranted(id: String, sentAt: UInt64)
        /// Answer to `renewSession`.
        case sessionRenewed(id: String, sentAt: UInt64)
        /// The coordinator doesn't know that session (any more); it won't come back.
        case sessionEnded(id: String)
        /// `openSession` or `renewSession` got no answer or an error; tried again by itself.
        case sessionFailed(reason: String)
        /// The shard's record, from a watch, a read, or a peer's `leaderChanged`. Older revisions are ignored.
        case recordSeen(SeenRecord)
        /// All notices of the shard as they are now, from a watch or a read; replaces what was seen before.
        case noticesSeen([MemberNotice])
        /// Answer to `propose`, exactly one for each; late answers after a time-out (`unknown`) are dropped.
        case proposed(number: UInt64, ProposalOutcome)

        // MARK: The store

        /// As leader: a batch was handed to the disk. Tells a disk that hangs from one with nothing to do.
        case appended(through: Position)
        /// The last record on this member's disk, as leader or as replica; lower than before after a cut.
        case durable(through: Position)
        /// Answer to `beginTerm`: the term-start record is on the disk.
        case termBegun(Position)
        /// Answer to `beginTerm` when nothing was written (a full disk).
        case termNotBegun(reason: String)
        /// Answer to `setIntake(.held)`: nothing is queued, in flight or uncommitted, and nothing will be.
        case drained
        /// Answer to `setWaiting(true)`, one for each, in order: up to here records may be visible already without any replica having them.
        case waiting(from: UInt64)
        /// The contents are whole (nil) or can't be led with (a snapshot is being put in), in words.
        case contents(blocker: String?)
        /// The store takes no more writes until the shard is started again.
        case storeFailed(reason: String)

        // MARK: Peers. `link` is a number the driver gives each follower's connection, rising; `term` the term of the
        // `LeaderFollowerMachine` that serves it.

        /// A follower said hello.
        case followerAttached(link: UInt64, member: Member, term: UInt64)
        /// A frame of the follower came. `position` is `LeaderFollowerMachine.replicated`: nil until it streams.
        case followerAcknowledged(link: UInt64, position: Position?)
        /// `LeaderFollowerMachine` asks whether it may replace the follower's contents (`askForSnapshot`).
        case followerNeedsSnapshot(link: UInt64)
        /// The follower says that it is going to stop (`PeerFrame.Acknowledge.isLeaving`).
        case followerLeaving(link: UInt64)
        case followerDetached(link: UInt64)
        /// Some peer knows a later term than the one led here.
        case higherTermSeen(UInt64)

        // MARK: The operator

        /// A planned change of leader, to the member with that address or id; nil: to the one that is furthest.
        case switchover(to: String?)
        /// Leave cleanly: hand over if leading, leave the in-sync set, end the session; then `stopped`.
        case stop
        case tick
    }

    /// What the store does with commands.
    package enum Intake: Hashable, Sendable {
        /// Not a serving leader: nothing is read or written as one. Held commands are released to `leader` as
        /// redirects, or refused as without a leader (CLUSTERDOWN) when it is nil.
        case closed(leader: Member?)
        case open
        /// Writes are held, neither refused nor begun; reads are served. Answered with `drained`, at once if so.
        case held
        /// Reads are held as well: another may lead already.
        case heldWithReads
    }

    /// What an event means for the shard.
    package enum Gravity: Hashable, Sendable {
        case info
        /// Something is well again, or better.
        case gain
        /// Something is lost that was there: a leader, a member of the in-sync set, a session.
        case loss
    }

    /// What the drivers do, in order.
    package enum Action: Sendable {
        // MARK: The coordinator

        /// Begin a session of `LeaseRule.ttl`.
        case openSession
        case renewSession(id: String)
        /// End it now, so that others need not wait; no answer is expected.
        case endSession(id: String)
        /// Write the notice under its session; it replaces the member's former one. Tried again by the driver.
        case publish(MemberNotice)
        case propose(ShardProposal)
        /// Read record and notices anew: `recordSeen`, `noticesSeen`.
        case readCoordinator

        // MARK: The store

        /// Stop following, finish what storage work is under way, append a term-start record durably: `termBegun`.
        /// `waits` as in `setWaiting`.
        case beginTerm(UInt64, waits: Bool)
        /// true: nothing is published before `setCommit` has reached it; answered with `waiting`. false: nobody else is
        /// in the in-sync set, and what is durable here is committed.
        case setWaiting(Bool)
        /// So many members, this one included, are in the in-sync set: whatever is committed is on at least so many disks.
        /// The smaller number while a change is under way. The store refuses writes by it (MinInSync, `?acks=N`).
        case setMembers(Int)
        /// Everything up to here is on every disk that counts: publish it, if the lease holds at that moment.
        case setCommit(sequence: UInt64, term: UInt64)
        /// Serve nothing, and publish nothing, from this moment of the boot-time clock on.
        case setLease(until: UInt64)
        case setIntake(Intake)
        /// Leading is over. Nothing in flight may be published as leader: its connections are closed (outcome unknown),
        /// what never entered the log is released as `setIntake(.closed)` says. Links of followers end.
        case stepDown(reason: String, leader: Member?)

        // MARK: Peers

        /// Connect to that leader and follow its log; replaces an earlier one. Never comes while leading.
        case follow(Member, term: UInt64)
        /// The follower on this link is out of the in-sync set: `LeaderFollowerMachine.Event.snapshotAllowed`.
        case allowSnapshot(link: UInt64)
        /// Send `PeerFrame.leaderChanged` to all followers before the links end; spares them the wait for the watch.
        case tellFollowers(SeenRecord)
        /// Following: set `isLeaving` in acknowledgements from now on (`FollowerMachine.Event.leave`).
        case sayLeaving

        // MARK: People

        /// An event for console and log, in words.
        case note(Gravity, String)
        /// How a switchover that was asked for ended; nil: well.
        case switchoverEnded(failure: String?)
        /// `stop` is done.
        case stopped

        /// Clients and peers see the node as something else from now on.
        package var changesRole: Bool {
            switch self {
            case .setIntake, .stepDown, .follow: true
            default: false
            }
        }
    }
}
