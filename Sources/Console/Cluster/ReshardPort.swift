import Model
import Resharding
import Routing

/// Where the reshard wizard's requests go, and what it knows comes from. No call may block: every answer is an event, and
/// may never come.
package protocol ReshardPort: AnyObject, Sendable {
    /// Begins to do what is asked. Any answer arrives through `drain`.
    func send(_ command: ReshardCommand)

    /// Events since the last call, oldest first.
    func drain() -> [ReshardEvent]
}

/// What the console asks of resharding.
package enum ReshardCommand: Hashable, Sendable {
    /// Tell the ground once, and again whenever it changes, until `leave`.
    case enter
    case leave
    /// Whether a node of a new shard could be there. Answered by `checked`.
    case check(ReshardRequest.NewNode)
    /// Everything that `start` would look at, without starting. Answered by `rehearsed`.
    case rehearse(ReshardRequest, mapVersion: UInt64)
    /// Writes the job, if the slot map still has that version. Answered by `started`.
    case start(ReshardRequest, mapVersion: UInt64, rate: UInt64?)
    /// Answered by `refused`, or by the job's change.
    case pause(job: String)
    case resume(job: String)
    case cancel(job: String)
    /// Bytes per second of all targets together; nil: as fast as readers and writers allow.
    case limit(job: String, rate: UInt64?)
}

/// What the console hears of resharding.
package enum ReshardEvent: Hashable, Sendable {
    case ground(ReshardGround)
    case checked(ReshardRequest.NewNode, NewNodeFinding)
    case rehearsed(ReshardRehearsal)
    /// What `start` is at, in words.
    case starting(String)
    /// The new job's id.
    case started(job: String)
    /// Why nothing can be told at the moment; nil: it can again.
    case unavailable(String?)
    /// Why the last `start`, `pause`, `resume`, `cancel` or `limit` was not done.
    case refused(String)
    /// The newest job, whenever something about it changed; also one that was there when the console began.
    case job(ReshardJobView)
}

/// What a plan is made from.
package struct ReshardGround: Hashable, Sendable {
    package var cluster: String
    package var map: SlotMap
    /// In force, if the map does not say.
    package var policy: PlacementPolicy
    /// Addresses in use, and the shards that use them.
    package var nodes: [NodeAddress: String]
    /// Shards that config.yaml has and the map has not: the first ones to come.
    package var waiting: [ReshardRequest.NewShard]
    /// How many replicas every shard has at least.
    package var replicas: Int
    /// Keys and bytes of every slot; empty while not all leaders have told.
    package var counts: [SlotCount]
    /// Shards whose keys and bytes are not known, and why.
    package var unknown: [String: String]
    /// The config that new shards are written to, as it was given.
    package var configFile: String

    package init(
        cluster: String,
        map: SlotMap,
        policy: PlacementPolicy,
        nodes: [NodeAddress: String],
        waiting: [ReshardRequest.NewShard] = [],
        replicas: Int = 0,
        counts: [SlotCount] = [],
        unknown: [String: String] = [:],
        configFile: String = "config.yaml"
    ) {
        self.cluster = cluster
        self.map = map
        self.policy = policy
        self.nodes = nodes
        self.waiting = waiting
        self.replicas = replicas
        self.counts = counts
        self.unknown = unknown
        self.configFile = configFile
    }

    package var policyInForce: PlacementPolicy { map.placement ?? policy }
}

/// What was found at the place of a node that is to come.
package struct NewNodeFinding: Hashable, Sendable {
    /// Whether the node can be there: it runs already and owns nothing, or can be started here.
    package var isGood: Bool
    /// In words: `127.0.0.4:8080 is free, its folder empty: it is started here`.
    package var text: String

    package init(isGood: Bool, text: String) {
        self.isGood = isGood
        self.text = text
    }
}

/// What a rehearsal looked at.
package struct ReshardRehearsal: Hashable, Sendable {
    package struct Line: Hashable, Sendable {
        package var isGood: Bool
        package var text: String

        package init(isGood: Bool, text: String) {
            self.isGood = isGood
            self.text = text
        }
    }

    package var request: ReshardRequest
    package var mapVersion: UInt64
    package var lines: [Line]

    package init(request: ReshardRequest, mapVersion: UInt64, lines: [Line]) {
        self.request = request
        self.mapVersion = mapVersion
        self.lines = lines
    }

    package var isGood: Bool { lines.allSatisfy(\.isGood) }
}

/// A job with the slot map and what the nodes tell of it.
package struct ReshardJobView: Hashable, Sendable {
    package var job: ReshardJob
    package var map: SlotMap
    package var status: ReshardStatus

    package init(job: ReshardJob, map: SlotMap, status: ReshardStatus) {
        self.job = job
        self.map = map
        self.status = status
    }
}
