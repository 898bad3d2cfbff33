import Routing

extension NodeStatus {
    /// The slot map as a node knows it, without its slots.
    package struct Map: Codable, Hashable, Sendable {
        package var version: Int
        /// The policy that made it; nil for a map that slots were moved in one by one.
        package var placement: String?
        /// How many slots each shard owns, by its name.
        package var slots: [String: Int]

        package init(version: Int, placement: String?, slots: [String: Int]) {
            self.version = version
            self.placement = placement
            self.slots = slots
        }

        package init(_ map: SlotMap) {
            var counts = [Int](repeating: 0, count: map.shardNames.count)
            for owner in map.owners where Int(owner) < counts.count { counts[Int(owner)] += 1 }
            version = Int(clamping: map.version)
            placement = map.placement?.rawValue
            slots = Dictionary(zip(map.shardNames, counts)) { first, _ in first }
        }
    }
}
