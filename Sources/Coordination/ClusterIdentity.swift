/// Which cluster a coordinator coordinates, and which coordinator it is; written once, when the cluster begins.
package struct ClusterIdentity: Hashable, Sendable, Codable {
    /// Of the keys and documents below the cluster's prefix.
    package static let currentFormat = 1

    package var format = currentFormat
    package var cluster: String
    /// Random, 32 hexadecimal digits. Every data folder keeps it, every handshake says it.
    package var coordinator: String

    package init(cluster: String, coordinator: String) {
        self.cluster = cluster
        self.coordinator = coordinator
    }

    /// With a new random coordinator id.
    package static func fresh(cluster: String) -> ClusterIdentity {
        let id = RandomID.hexadecimal() + RandomID.hexadecimal()
        return ClusterIdentity(cluster: cluster, coordinator: id)
    }
}

/// Ids that no two processes ever make alike.
enum RandomID {
    /// 1 to 2^63 - 1, as etcd wants its leases.
    static func number() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return UInt64.random(in: 1...UInt64(Int64.max), using: &generator)
    }

    /// 16 digits.
    static func hexadecimal() -> String { text(number()) }

    static func text(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
