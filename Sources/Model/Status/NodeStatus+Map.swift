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
    }
}
