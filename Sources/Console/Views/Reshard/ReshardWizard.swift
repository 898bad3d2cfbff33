import Model
import Resharding
import Routing
import Terminal

/// The way from a request to a reshard that has ended, step by step. Pure: keys and the port's events come in, commands for
/// the port come out. Up to the typed name nothing is changed by it.
package struct ReshardWizard: Hashable, Sendable {
    package enum Goal: Int, CaseIterable, Sendable { case add, remove, rebalance, policy, move }

    package enum Step: Int, CaseIterable, Sendable {
        case goal, details, policies, plan, rehearsal, confirm, progress, summary
    }

    /// The same request under one policy.
    package struct Choice: Hashable, Sendable {
        package var policy: PlacementPolicy
        package var plan: ReshardPlan?
        /// Why there is no plan.
        package var problem: String?
    }

    /// What is known of a node that is to come.
    package enum Finding: Hashable, Sendable {
        case pending
        case known(NewNodeFinding)
    }

    /// A text must stand still for so long before its address is asked: half of an address is another one.
    static let checkDelayMilliseconds = 300
    /// Where a node is not as it should be, it is looked at again after so long.
    static let askAgainMilliseconds = 2_000
    /// Bytes per second to choose from; nil: as fast as readers and writers allow.
    package static let rates: [UInt64?] = [nil, 10_000_000, 25_000_000, 50_000_000, 100_000_000, 250_000_000]

    package internal(set) var step = Step.goal
    package internal(set) var goal = Goal.add
    package internal(set) var ground: ReshardGround?
    /// What the user should know now: why it does not go on, what was refused.
    package internal(set) var message: String?

    package internal(set) var form = NewShardForm()
    package internal(set) var findings: [ReshardRequest.NewNode: Finding] = [:]
    var checkDueAt: Int?
    /// Asked again although an answer is there: whoever was told to start a node need not tell that it runs.
    var asked: Set<ReshardRequest.NewNode> = []
    var askAgainAt = 0

    /// Shards to be removed, and the line the keyboard is on.
    package internal(set) var leaving: Set<String> = []
    package internal(set) var line = 0

    package internal(set) var slots = LineEditor()
    /// The shard that gets them, by its place in the map.
    package internal(set) var targetIndex = 0
    package internal(set) var isOnTarget = false

    package internal(set) var choices: [Choice] = []
    package internal(set) var policy = PlacementPolicy.fixed
    package internal(set) var plan: ReshardPlan?
    package internal(set) var rate: UInt64?
    /// Lines that a list is scrolled by.
    package internal(set) var top = 0
    package internal(set) var rehearsal: ReshardRehearsal?
    package internal(set) var confirmation = LineEditor()
    package internal(set) var isStarting = false
    /// What the beginning is at, in words.
    package internal(set) var startingText = ""
    /// Why nothing is heard at the moment.
    package internal(set) var problem: String?
    /// The job that was begun from here: what is told of an older one is of no interest.
    var expectedJob: String?

    /// The newest job there is, also one of another console.
    package internal(set) var job: ReshardJobView?
    /// A limit that was asked for and that its job doesn't show yet: the next step goes on from there.
    var askedRate: AskedRate?
    /// When its end was seen, in seconds since 1970; nil if it had ended before anybody looked.
    package internal(set) var endedAt: Int?

    package init() {}

    /// The steps of the goal, in order.
    package var trail: [Step] {
        switch goal {
        case .add, .remove: Step.allCases
        case .rebalance, .policy: Step.allCases.filter { $0 != .details }
        case .move: Step.allCases.filter { $0 != .policies }
        }
    }

    /// Whether letters are text here and no commands.
    package var takesText: Bool {
        switch step {
        case .details:
            if goal == .move { return !isOnTarget }
            guard goal == .add, case .field = form.focus else { return false }
            return true
        case .confirm: return true
        default: return false
        }
    }

    /// Whether something is being waited for, so that the screen should move.
    var isWaiting: Bool {
        (ground == nil && step.rawValue < Step.progress.rawValue) || isStarting || checkDueAt != nil
            || findings.values.contains(.pending) || (step == .rehearsal && rehearsal == nil)
            || job?.job.state.isEnded == false
    }

    /// What is asked for so far; nil while that can't be said.
    package var request: ReshardRequest? {
        switch goal {
        case .add: form.shards.map { ReshardRequest(add: $0, policy: policy) }
        case .remove: ReshardRequest(remove: leavingInOrder, policy: policy)
        case .rebalance, .policy: ReshardRequest(policy: policy)
        case .move: move.map { ReshardRequest(moves: [$0]) }
        }
    }

    private var leavingInOrder: [String] { ground?.map.shardNames.filter(leaving.contains) ?? [] }

    private var move: ReshardRequest.SlotMove? {
        guard let names = ground?.map.shardNames, names.indices.contains(targetIndex),
            let list = try? SlotList(slots.text.trimmed)
        else { return nil }
        return ReshardRequest.SlotMove(slots: list, shard: names[targetIndex])
    }

    /// The command line that does the same.
    package var command: String? {
        guard let request else { return nil }
        let rate = rate.map { ["--rate", "\($0 / 1_000_000)"] } ?? []
        let inForce = ground?.policyInForce ?? policy
        return (["shoal", "reshard", "run"] + request.arguments(inForce: inForce) + rate).joined(separator: " ")
    }
}
