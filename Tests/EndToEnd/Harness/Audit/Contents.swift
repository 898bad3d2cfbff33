import Model
import Server

/// All keys and values of a node, as it has them itself.
enum Contents {
    private static let pageSize = 1000
    /// Values asked for at once: with the largest ones, what a loaded machine sends within a client's patience.
    private static let valuesAtOnce = 16

    static func read(_ node: NodeAddress, isReplica: Bool) async throws -> [String: [UInt8]] {
        let client = try await RESPClient.connect(to: node)
        if isReplica { _ = try await client.command("READONLY") }
        var contents: [String: [UInt8]] = [:]
        var cursor = "0"
        repeat {
            let page = try await client.command("SCAN", cursor, "COUNT", "\(pageSize)")
            guard let parts = page.elements, parts.count == 2, let next = parts[0].bytes, let keys = parts[1].elements
            else { throw TestFailure("SCAN on \(node): \(page)") }
            let found = keys.compactMap(\.bytes)
            for start in stride(from: 0, to: found.count, by: valuesAtOnce) {
                let part = found[start..<min(start + valuesAtOnce, found.count)]
                for (key, reply) in zip(part, await client.replies(to: part.map { [Array("GET".utf8), $0] })) {
                    guard case .bulk(let value)? = reply else {
                        throw TestFailure("GET on \(node): \(reply.map { "\($0)" } ?? "closed")")
                    }
                    contents[String(decoding: key, as: UTF8.self)] = value
                }
            }
            cursor = String(decoding: next, as: UTF8.self)
        } while cursor != "0"
        await client.close()
        return contents
    }
}
