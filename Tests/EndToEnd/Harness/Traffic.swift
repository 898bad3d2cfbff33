import Model
import Server

struct Pair: Hashable, Sendable {
    var key: [UInt8]
    var value: [UInt8]
}

/// Debian's own list of packages: real keys and values, and enough of them.
enum PackageList {
    static func slot(of key: [UInt8]) -> UInt16 { key.withUnsafeBytes { KeySlot.slot(of: $0) } }

    /// Name and description of every package that apt knows, in order of name, at most `limit`.
    static func pairs(limit: Int) async throws -> [Pair] {
        let listing = try await ChildProcess.run(["apt-cache", "dumpavail"], within: .seconds(120))
        var found: [[UInt8]: [UInt8]] = [:]
        var name: [UInt8] = []
        for line in listing.output.split(separator: 10) {
            if line.starts(with: "Package: ".utf8) { name = Array(line.dropFirst(9)) }
            guard line.starts(with: "Description".utf8), !line.starts(with: "Description-md5".utf8),
                let colon = line.firstIndex(of: UInt8(ascii: ":"))
            else { continue }
            found[name] = Array(line[(colon + 1)...].drop { $0 == 32 })
        }
        guard found.count > 1000 else { throw TestFailure("apt-cache dumpavail lists \(found.count) packages") }
        // By a hash of the name: a short run has packages of all kinds, the same at each run.
        let sorted = found.map { Pair(key: $0.key, value: $0.value) }.sorted {
            (slot(of: $0.key), $0.key.count) < (slot(of: $1.key), $1.key.count)
        }
        guard sorted.count > limit else { return sorted }
        return (0..<limit).map { sorted[$0 * sorted.count / limit] }
    }
}

/// Clients as a user has them: any node first, then where it points.
enum Traffic {
    private static let workers = 8
    /// Commands on their way on one connection: what makes the long runs short.
    private static let depth = 32

    static func encoded(_ bytes: [UInt8]) -> String {
        bytes.map { byte -> String in
            let scalar = Character(Unicode.Scalar(byte))
            if scalar.isASCII, scalar.isLetter || scalar.isNumber || "-._~".contains(scalar) { return String(scalar) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    /// The paper's /put with curl, through `nodes` in turn.
    static func putOverHTTP(_ pairs: [Pair], _ nodes: [NodeAddress]) async throws {
        try await split(pairs) { worker, share in
            let requests = share.enumerated().map { index, pair in
                let path = "/put?key=\(encoded(pair.key))&value=\(encoded(pair.value))"
                return (url: Curl.url(nodes[(worker + index) % nodes.count], path), body: Array("OK".utf8))
            }
            if let mismatch = try await Curl.firstMismatch(requests) { throw TestFailure(mismatch) }
        }
    }

    /// SET through `nodes` in turn, following MOVED.
    static func putOverRESP(_ pairs: [Pair], _ nodes: [NodeAddress]) async throws {
        let acknowledged = Acknowledged()
        try await put(pairs, nodes, until: acknowledged)
        let count = await acknowledged.pairs.count
        guard count == pairs.count else { throw TestFailure("\(pairs.count - count) writes were not acknowledged") }
    }

    /// The same, noting what was acknowledged; each worker ends when a node goes away. Throws at an error reply.
    static func put(_ pairs: [Pair], _ nodes: [NodeAddress], until acknowledged: Acknowledged) async throws {
        try await split(pairs) { worker, share in
            let connections = Connections()
            for (turn, chunk) in chunks(share).enumerated() {
                let commands = chunk.map { [Array("SET".utf8), $0.key, $0.value] }
                let replies = await connections.replies(to: commands, from: nodes[(worker + turn) % nodes.count])
                await acknowledged.add(zip(chunk, replies).filter { $1 == .simple("OK") }.map(\.0))
                if let wrong = replies.first(where: { $0 != nil && $0 != .simple("OK") }) {
                    throw TestFailure("SET: \(wrong.map { "\($0)" } ?? "")")
                }
                if replies.contains(nil) { break }
            }
            await connections.close()
        }
    }

    /// Which of `pairs` a node does not have byte for byte over RESP, asked without redirects.
    static func missing(_ pairs: [Pair], on node: NodeAddress, isReplica: Bool) async throws -> [String] {
        let found = Collected()
        try await split(pairs) { _, share in
            let client = try await RESPClient.connect(to: node)
            if isReplica { _ = try await client.command("READONLY") }
            for chunk in chunks(share) {
                let replies = await client.replies(to: chunk.map { [Array("GET".utf8), $0.key] })
                for (pair, reply) in zip(chunk, replies) where reply != .bulk(pair.value) {
                    await found.add(
                        "\(String(decoding: pair.key, as: UTF8.self)): \(reply.map { "\($0)" } ?? "closed")"
                    )
                }
            }
            await client.close()
        }
        return await found.all
    }

    /// The same over HTTP: where the first one differs, or nil. A replica must answer itself and say that it is one.
    static func mismatchOverHTTP(_ pairs: [Pair], on node: NodeAddress, isReplica: Bool) async throws -> String? {
        let found = Collected()
        try await split(pairs) { _, share in
            let requests = share.map { (url: Curl.url(node, "/get?key=\(encoded($0.key))"), body: $0.value) }
            if let mismatch = try await Curl.firstMismatch(requests) { await found.add(mismatch) }
        }
        if isReplica, let pair = pairs.first {
            let path = "/get?key=\(encoded(pair.key))"
            let response = try await HTTPFetch.request(method: "GET", address: node, path: path)
            if response.headers["shoal-role"] != "replica" { await found.add("no replica: \(response.headers)") }
        }
        return await found.all.first
    }

    private static func chunks(_ pairs: [Pair]) -> [[Pair]] {
        stride(from: 0, to: pairs.count, by: depth).map { Array(pairs[$0..<min($0 + depth, pairs.count)]) }
    }

    static func split(_ pairs: [Pair], _ body: @escaping @Sendable (Int, [Pair]) async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for worker in 0..<workers {
                let share = Swift.stride(from: worker, to: pairs.count, by: workers).map { pairs[$0] }
                tasks.addTask { try await body(worker, share) }
            }
            try await tasks.waitForAll()
        }
    }
}

actor Collected {
    private(set) var all: [String] = []
    func add(_ text: String) { all.append(text) }
}

actor Acknowledged {
    private(set) var pairs: [Pair] = []
    func add(_ more: [Pair]) { pairs += more }
}
