import Model
import Resharding
import Routing

/// Somebody who asks for one reshard after the other, there and back, and changes their mind.
final class ReshardOperator {
    private unowned let cluster: ReshardCluster
    private(set) var begun = 0
    private var last: [ReshardRequest.SlotMove] = []

    init(cluster: ReshardCluster) { self.cluster = cluster }

    private var coordinator: ReshardCoordinatorModel { cluster.coordinator }

    func act() {
        guard let job = coordinator.snapshot.job, !job.state.isEnded else {
            if cluster.random.chance(0.8) { begin() }
            return
        }
        guard cluster.random.chance(0.15) else { return }
        let changed: ReshardJob? =
            switch cluster.random.pick(below: 6) {
            case 0: try? job.cancelling(reason: "changed my mind")
            case 1, 2: try? job.pausing()
            case 3, 4: try? job.resuming()
            default: try? job.limiting(to: cluster.random.chance(0.5) ? nil : 1 << 20)
            }
        if let changed { coordinator.write(nil, changed) }
    }

    func pause() { if let job = try? coordinator.snapshot.job?.pausing() { coordinator.write(nil, job) } }
    func cancel() { if let job = try? coordinator.snapshot.job?.cancelling() { coordinator.write(nil, job) } }

    /// In the end whatever is paused goes on.
    func finish() { if let job = try? coordinator.snapshot.job?.resuming() { coordinator.write(nil, job) } }

    private func begin() {
        let map = coordinator.snapshot.map
        let request = request(map)
        guard request.problems(map: map, nodes: [:]).isEmpty,
            let plan = try? ReshardPlan(request, current: map, policy: .fixed), !plan.isEmpty,
            let job = try? ReshardJob(plan, id: "j\(begun)", requester: "o", now: 0),
            let step = try? job.beginning(on: map, after: coordinator.snapshot.job), let json = try? step.job.json(),
            let copy = try? ReshardJob(json: json)
        else { return }
        if copy != step.job { cluster.truth.fail("a job did not survive its document") }
        begun += 1
        cluster.trace("job \(job.id): \(request.arguments(inForce: .fixed).joined(separator: " "))")
        coordinator.write(step.map, copy)
    }

    private func request(_ map: SlotMap) -> ReshardRequest {
        // All shards come and go now and then: many moves of slots that mostly have no keys.
        let absent = cluster.names.filter { map.index(ofShard: $0) == nil }
        if cluster.random.chance(0.06), let name = cluster.random.element(absent) {
            let shard = ReshardRequest.NewShard(name: name, address: NodeAddress(host: name, port: 1))
            return ReshardRequest(add: [shard])
        }
        if cluster.random.chance(0.04), map.shardNames.count > 2, let name = cluster.random.element(map.shardNames) {
            return ReshardRequest(remove: [name])
        }
        if cluster.random.chance(0.4), !last.isEmpty {
            let back = last
            last = []
            return ReshardRequest(moves: back.filter { map.index(ofShard: $0.shard) != nil })
        }
        return ReshardRequest(moves: moves(map))
    }

    private func moves(_ map: SlotMap) -> [ReshardRequest.SlotMove] {
        var moves: [ReshardRequest.SlotMove] = []
        last = []
        for slot in cluster.keys.used where cluster.random.chance(0.5) {
            let owner = map.ownerName(of: slot)
            guard let target = cluster.random.element(map.shardNames.filter { $0 != owner }) else { continue }
            // The slot beside it may come along, and 0 and 16383, the edges.
            let slots = SlotList(
                [slot, UInt16(cluster.random.pick(below: 2) == 0 ? 0 : 16383)].prefix(moves.isEmpty ? 2 : 1)
            )
            moves.append(.init(slots: slots, shard: target))
            last.append(.init(slots: SlotList([slot]), shard: owner))
        }
        return moves
    }
}
