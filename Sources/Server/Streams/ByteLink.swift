import Model
import NIOCore

/// A connection to another node that is open: bytes in order, both ways. Confined to its event loop.
package protocol ByteLink: AnyObject {
    /// Sends the bytes behind all that were sent before.
    func send(_ bytes: ByteBuffer)
    /// Ends it; the owner's end is told once that it has ended.
    func close()
}

/// What is told of a connection to whoever uses it. On the connection's event loop.
package protocol LinkEnd: AnyObject, Sendable {
    /// Once, before anything comes in.
    func opened(_ link: any ByteLink)
    func received(_ bytes: ByteBuffer)
    /// Whether it takes more bytes without piling them up.
    func writabilityChanged(_ isWritable: Bool)
    /// Once, as the last call; without `opened` when no connection was made.
    func ended(_ reason: String)
}

/// Opens connections to other nodes. Any thread.
package protocol LinkConnector: Sendable {
    /// The event loop for another connection.
    func nextLoop() -> any EventLoop
    /// Begins to connect; fails within `ReplicationLimits.silenceMax`.
    /// - Parameter eventLoop: of `nextLoop`; what is told of the connection is told there.
    func connect(to address: NodeAddress, on eventLoop: any EventLoop, _ end: any LinkEnd)
}
