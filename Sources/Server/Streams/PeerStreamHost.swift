import Logging
import NIOCore

/// Where a follower's stream lives: a node's replication loop (`StreamHost`), or a simulated process.
package protocol PeerStreamHost: AnyObject, Sendable {
    var eventLoop: any EventLoop { get }
    var logger: Logger { get }
    /// Of the shard that is served; nil in a node without a coordinator.
    var leadership: (any ShardLeadership)? { get }
    /// On the loop. Whoever hosts it ends it (`PeerStreamHandler.end`) when the store closes or leadership is over.
    func add(_ peer: PeerStreamHandler)
    func remove(_ peer: PeerStreamHandler)
    /// Runs work that waits for a disk off the loop; the future completes on it.
    func offLoop<T: Sendable>(_ work: @escaping @Sendable () -> T) -> EventLoopFuture<T>
}
