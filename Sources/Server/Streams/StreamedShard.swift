import Model
import Storage

/// What streams to other nodes are served from while this node is the leader of its shard.
package struct StreamedShard: Sendable {
    package let store: ShardStore
    package let cluster: String
    package let name: String
    /// By which this node is the leader; nil where it has none.
    package let coordinator: String?
    /// Who decides about the shard's leadership; nil where nobody does.
    package let leadership: (any ShardLeadership)?
    /// Who decides about slots that come and go; one per term.
    package let resharding: (any ShardResharding)?

    package init(
        store: ShardStore,
        cluster: String,
        name: String,
        coordinator: String? = nil,
        leadership: (any ShardLeadership)?,
        resharding: (any ShardResharding)?
    ) {
        self.store = store
        self.cluster = cluster
        self.name = name
        self.coordinator = coordinator
        self.leadership = leadership
        self.resharding = resharding
    }

    /// Whether a stream that was asked for under the one may be served under the other: the same store in the same term.
    package static func areSame(_ one: StreamedShard?, _ other: StreamedShard?) -> Bool {
        one?.store === other?.store && one?.leadership === other?.leadership && one?.resharding === other?.resharding
    }
}
