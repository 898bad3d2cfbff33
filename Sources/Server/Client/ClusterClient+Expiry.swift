extension ClusterClient {
    /// When a key expires.
    package enum Expiry: Hashable, Sendable {
        case noKey
        case never
        case milliseconds(Int)
    }

    /// How long `key` still lives, as its leader says.
    package func expiry(of key: [UInt8]) async throws(ClientError) -> Expiry {
        let reply = try await command([Array("PTTL".utf8), key], key: key)
        guard case .integer(let left) = reply, left >= -2 else { throw Self.unexpected(reply, for: "PTTL") }
        return left == -2 ? .noKey : left == -1 ? .never : .milliseconds(left)
    }

    /// Makes `key` expire after so many seconds, or never (nil); false if there is no such key, or nothing to change.
    package func expire(_ key: [UInt8], seconds: Int?) async throws(ClientError) -> Bool {
        let arguments =
            seconds.map { [Array("EXPIRE".utf8), key, Array("\($0)".utf8)] } ?? [Array("PERSIST".utf8), key]
        let reply = try await command(arguments, key: key)
        guard case .integer(let count) = reply else { throw Self.unexpected(reply, for: "EXPIRE") }
        return count > 0
    }

    /// Writes `key` on its leader and leaves it the time it has to live.
    package func replace(_ key: [UInt8], value: [UInt8]) async throws(ClientError) {
        let reply = try await command([Array("SET".utf8), key, value, Array("KEEPTTL".utf8)], key: key)
        guard reply == .simple("OK") else { throw Self.unexpected(reply, for: "SET") }
    }
}
