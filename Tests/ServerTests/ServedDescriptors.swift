import Glibc
import Model
import Routing

/// What this process has open of a server's connections.
enum ServedDescriptors {
    /// How many descriptors are the server's end of a connection.
    static func count(of address: NodeAddress) -> Int {
        (0..<1_024).filter { fcntl(Int32($0), F_GETFD) >= 0 && isConnected(Int32($0), to: address) }.count
    }

    /// Whether it is the server's end of a connection.
    private static func isConnected(_ descriptor: Int32, to address: NodeAddress) -> Bool {
        var name = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isSocket = withUnsafeMutablePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) == 0 }
        }
        var wanted = in_addr()
        var peer = sockaddr_in()
        var peerLength = length
        let isPeer = withUnsafeMutablePointer(to: &peer) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &peerLength) == 0 }
        }
        inet_pton(AF_INET, address.host, &wanted)
        return isSocket && isPeer && name.sin_addr.s_addr == wanted.s_addr && name.sin_port == address.port.bigEndian
    }
}
