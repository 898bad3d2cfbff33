import Model
import Routing

extension ReshardMove {
    package func stage(on map: SlotMap) -> Stage {
        guard let source = map.index(ofShard: source), let first = slots.ranges.first?.lowerBound else {
            return stageWithoutSource(on: map)
        }
        let isDue = map.owner(of: first) == source
        let expected = isDue ? source : map.index(ofShard: target)
        for range in slots.ranges {
            for slot in range where map.owner(of: slot) != expected {
                return .stale(slot: slot, owner: map.ownerName(of: slot))
            }
        }
        return isDue ? .due : .done
    }

    /// A source that owns nothing any more may have left the map.
    private func stageWithoutSource(on map: SlotMap) -> Stage {
        let target = map.index(ofShard: target)
        for range in slots.ranges {
            for slot in range where map.owner(of: slot) != target {
                return .stale(slot: slot, owner: map.ownerName(of: slot))
            }
        }
        return .done
    }
}
