import Model
import NIOCore
import NIOPosix
import Replication

/// How drivers reach other nodes.
package protocol PeerConnector: Sendable {
    /// Connects to a node, or fails within `ReplicationLimits.silenceMax`.
    /// - Parameters:
    ///   - eventLoop: where the connection lives, and the future completes.
    ///   - initializer: adds the handlers; called on the loop while the connection is being made.
    func connect(
        to address: NodeAddress,
        on eventLoop: any EventLoop,
        initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> EventLoopFuture<any Channel>
}

/// Over TCP.
package struct SocketConnector: PeerConnector {
    package init() {}

    package func connect(
        to address: NodeAddress,
        on eventLoop: any EventLoop,
        initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(.milliseconds(Int64(ReplicationLimits.silenceMax)))
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelInitializer(initializer)
            .connect(host: address.host, port: Int(address.port))
    }
}
