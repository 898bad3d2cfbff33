import Model
import Routing

extension ReshardRequest {
    /// The shards there will be, in index order: those that stay, then the new ones.
    package func shards(after map: SlotMap) -> [String] {
        let leaving = Set(remove)
        return map.shardNames.filter { !leaving.contains($0) } + add.map(\.name)
    }
}
