import Console
import Model
import Resharding
import Routing
import Terminal

/// A cluster of two shards to reshard, and jobs at all stages of it.
enum ReshardFixture {
    static let nodes: [NodeAddress: String] = [
        address("127.0.0.2:8080"): "shard0", address("127.0.0.22:8080"): "shard0",
        address("127.0.0.3:8080"): "shard1", address("127.0.0.33:8080"): "shard1",
    ]

    static func address(_ text: String) -> NodeAddress {
        let parts = text.split(separator: ":")
        return NodeAddress(host: String(parts[0]), port: UInt16(parts[1]) ?? 0)
    }

    static func counts() -> [SlotCount] {
        (0..<16_384).map { SlotCount(keys: UInt64($0 % 9), bytes: UInt64($0 % 9 * 70)) }
    }

    static func ground(
        _ names: [String] = ["shard0", "shard1"],
        placement: PlacementPolicy = .fixed,
        version: UInt64? = nil,
        counted: Bool = true
    ) throws -> ReshardGround {
        var map = try placement.map(current: nil, shards: names)
        if let version { map.version = version }
        return ReshardGround(
            cluster: "demo",
            map: map,
            policy: placement,
            nodes: nodes,
            counts: counted ? counts() : []
        )
    }

    static func plan(
        _ request: ReshardRequest = .init(
            add: [.init(name: "shard2", address: address("127.0.0.4:8080"))],
            policy: .fixed
        )
    ) throws -> ReshardPlan {
        let ground = try ground()
        return try ReshardPlan(request, current: ground.map, policy: .fixed, counts: ground.counts)
    }

    /// A job of which so many moves are done and the next one is half copied.
    static func job(
        done: Int = 0,
        state: ReshardJob.State = .running,
        id: String = "0123456789abcdef0123456789abcdef"
    ) throws -> ReshardJobView {
        let plan = try plan()
        var job = try ReshardJob(plan, id: id, requester: "root@host", now: 1_699_999_940_000, rate: 50_000_000)
        switch state {
        case .paused: job = try job.pausing(reason: "for the backup")
        case .cancelling, .cancelled: job = try job.cancelling()
        default: break
        }
        var map = try plan.current.adding(shards: ["shard2"])
        let count = state == .done ? job.moves.count : done
        for move in job.moves.prefix(count) { map = try map.giving(move.slots.ranges, to: move.target) }
        if state == .done { job = try ended(job, map) }
        var progress = ReshardProgress(job: id, shard: "shard2")
        if count < job.moves.count, state == .running || state == .paused {
            progress.target.phase = .copying
            progress.target.move = count
            progress.target.keysTotal = job.moves[count].keys
            progress.target.keysCopied = job.moves[count].keys / 2
            progress.target.bytesTotal = job.moves[count].bytes
            progress.target.bytesCopied = job.moves[count].bytes / 2
            progress.target.bytesPerSecond = 12_400_000
            progress.target.logBytesLeft = 48_000
        }
        var source = ReshardProgress(job: id, shard: "shard0")
        for pause in [1, 2, 2, 3, 6, 7, 14] as [UInt64] { source.source.pauses.record(pause) }
        let status = ReshardStatus(job, map: map, nodes: [progress, source])
        return ReshardJobView(job: job, map: map, status: status)
    }

    /// As the shards' leaders end a job whose moves are done.
    private static func ended(_ job: ReshardJob, _ map: SlotMap) throws -> ReshardJob {
        var text = String(decoding: try job.json(), as: UTF8.self)
        text = text.replacing("\"state\":\"running\"", with: "\"state\":\"done\"")
        return try ReshardJob(json: Array(text.utf8))
    }

    /// The dashboard with a way to resharding.
    static func state(width: Int = 80, height: Int = 24, isReadOnly: Bool = false) -> ConsoleState {
        ConsoleFixture.state(
            width: width,
            height: height,
            options: ConsoleOptions(isReadOnly: isReadOnly, canReshard: true)
        )
    }

    /// The wizard, open and with its ground.
    static func opened(width: Int = 80, height: Int = 24) throws -> ConsoleState {
        var state = state(width: width, height: height)
        _ = state.press(.character("R"))
        _ = state.update(.reshard(.ground(try ground())))
        return state
    }

    static let good = NewNodeFinding(isGood: true, text: "127.0.0.4:8080 is free, its folder empty: it is started here")

    /// Answers all checks that were asked for.
    static func answer(_ actions: [ConsoleAction], _ state: inout ConsoleState, with finding: NewNodeFinding = good) {
        for action in actions {
            if case .reshard(.check(let check)) = action { _ = state.update(.reshard(.checked(check, finding))) }
        }
    }

    /// Walks on with a new shard as suggested, up to the step asked for.
    static func walked(to step: ReshardWizard.Step, width: Int = 80, height: Int = 24) throws -> ConsoleState {
        var state = try opened(width: width, height: height)
        if step == .goal { return state }
        answer(state.press(.enter), &state)
        if step == .details { return state }
        _ = state.press(.enter, .enter, .enter, .enter)
        if step == .policies { return state }
        _ = state.press(.enter)
        if step == .plan { return state }
        for action in state.press(.enter) {
            guard case .reshard(.rehearse(let request, let version)) = action else { continue }
            let lines = [
                ReshardRehearsal.Line(
                    isGood: true,
                    text: "slot map 1 at data/coordinator"
                ),
                .init(isGood: true, text: "no other reshard is under way"),
                .init(isGood: true, text: "the leader of every shard that takes part answers"),
                .init(isGood: true, text: "127.0.0.4:8080 is free, its folder empty: it is started here"),
                .init(isGood: true, text: "config.yaml can be changed, and stays valid"),
            ]
            _ = state.update(.reshard(.rehearsed(.init(request: request, mapVersion: version, lines: lines))))
        }
        if step == .rehearsal { return state }
        _ = state.press(.enter)
        return state
    }
}
