import Crypto
import Model

/// A node's id in the Redis Cluster protocol.
package enum NodeIdentity {
    /// Bytes of the digest that make an id: 40 hexadecimal digits, the length Redis clients expect.
    private static let bytes = 20

    /// 40 lower-case hexadecimal digits, the same on every node and after every restart: from SHA-256 of the cluster's
    /// name and the node's address.
    package static func id(cluster: String, address: NodeAddress) -> String {
        // The zero byte keeps ("ab", "c") and ("a", "bc") apart; neither part can contain it.
        let text = Array("\(cluster)\u{0}\(address)".utf8)
        return hexadecimal(SHA256.hash(data: text).prefix(bytes))
    }

    private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
