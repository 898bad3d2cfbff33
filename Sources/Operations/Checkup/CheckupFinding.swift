/// Something that is wrong with a cluster, for people: what, where, and what to do.
package struct CheckupFinding: Codable, Hashable, Sendable {
    package enum Area: String, Codable, Sendable, CaseIterable {
        case coordinator, map, reshard, lead, nodes, lag, keys, files
    }

    package var area: Area
    /// A shard, a node's address, or a folder; empty for the whole cluster.
    package var place: String
    package var message: String
    /// What to do about it.
    package var advice: String

    package init(_ area: Area, _ place: String, _ message: String, advice: String) {
        self.area = area
        self.place = place
        self.message = message
        self.advice = advice
    }
}
