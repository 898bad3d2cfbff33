import Model
import Routing

extension NodeStatus.Map {
    package init(_ map: SlotMap) {
        var counts = [Int](repeating: 0, count: map.shardNames.count)
        for owner in map.owners where Int(owner) < counts.count { counts[Int(owner)] += 1 }
        self.init(
            version: Int(clamping: map.version),
            placement: map.placement?.rawValue,
            slots: Dictionary(zip(map.shardNames, counts)) { first, _ in first }
        )
    }
}
