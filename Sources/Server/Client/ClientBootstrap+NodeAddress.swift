import Model
import NIOCore
import NIOPosix

extension ClientBootstrap {
    /// Connects to a node. An address that is a number goes straight to the socket; only a name has to be looked up, with what
    /// NIO does to try its addresses one after the other (a fifth of a console's work beside 200 nodes).
    func connect(to address: NodeAddress) -> EventLoopFuture<any Channel> {
        guard let number = try? SocketAddress(ipAddress: address.host, port: Int(address.port)) else {
            return connect(host: address.host, port: Int(address.port))
        }
        return connect(to: number)
    }
}
