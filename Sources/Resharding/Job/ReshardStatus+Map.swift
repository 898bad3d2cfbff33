import Model
import Routing

extension ReshardStatus {
    /// Sums what the leaders of the shards tell. Nodes that speak of another job are left out.
    package init(_ job: ReshardJob, map: SlotMap, nodes: [ReshardProgress]) {
        self.init(job, stages: job.moves.map { $0.stage(on: map) }, nodes: nodes)
    }
}
