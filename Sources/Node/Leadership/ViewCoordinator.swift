import Coordination

/// The coordinator as a node's view of the cluster follows it.
package protocol ViewCoordinator: Sendable {
    /// Begins to follow the whole cluster.
    func follow() -> any ViewWatch
}

/// One watch of the coordinator: what was there when it began, in one event, then what changes, in order.
///
/// It may end by itself, when whoever keeps it can't go on: then another one has to be begun.
package protocol ViewWatch: Sendable {
    /// Asks for the next event. It is given once, as soon as there is one, on whatever thread; nil when the watch has
    /// ended. One question at a time.
    func next(_ answer: @escaping @Sendable (ClusterWatch.Event?) -> Void)
    /// Ends it, and answers what was asked.
    func cancel()
}

extension ClusterWatch: ViewWatch {}

extension ClusterCoordinator: ViewCoordinator {
    package func follow() -> any ViewWatch { watch() }
}
