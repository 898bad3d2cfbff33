import Routing
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
    private static let workers = 16

    static func encoded(_ bytes: [UInt8]) -> String {
        bytes.map { byte -> String in
            let scalar = Character(Unicode.Scalar(byte))
            if scalar.isASCII, scalar.isLetter || scalar.isNumber || "-._~".contains(scalar) { return String(scalar) }
            return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }.joined()
    }

    /// Sends to `address` and follows 307 as curl -L does.
    static func fetch(_ method: String, _ address: NodeAddress, _ path: String) async throws -> HTTPFetchResponse {
        var (address, path) = (address, path)
        for _ in 0..<5 {
            let response = try await HTTPFetch.request(method: method, address: address, path: path)
            guard response.status == 307 else { return response }
            guard let location = response.headers["location"], location.hasPrefix("http://") else {
                throw TestFailure("307 without a Location: \(response.headers)")
            }
            let rest = location.dropFirst(7)
            let slash = rest.firstIndex(of: "/") ?? rest.endIndex
            address = try NodeAddress(String(rest[..<slash]))
            path = String(rest[slash...])
        }
        throw TestFailure("too many redirects for \(path)")
    }

    /// The paper's /put, through `nodes` in turn; each node gets its share over HTTP.
    static func putOverHTTP(_ pairs: [Pair], _ nodes: [NodeAddress]) async throws {
        try await split(pairs) { worker, share in
            for (index, pair) in share.enumerated() {
                let path = "/put?key=\(encoded(pair.key))&value=\(encoded(pair.value))"
                let response = try await fetch("GET", nodes[(worker + index) % nodes.count], path)
                guard response.status == 200, response.body == Array("OK".utf8) else {
                    throw TestFailure("\(path): \(response.status) \(String(decoding: response.body, as: UTF8.self))")
                }
            }
        }
    }

    /// SET through `nodes` in turn, following MOVED.
    static func putOverRESP(_ pairs: [Pair], _ nodes: [NodeAddress]) async throws {
        try await split(pairs) { worker, share in
            let connections = Connections()
            for (index, pair) in share.enumerated() {
                let command = [Array("SET".utf8), pair.key, pair.value]
                let reply = try await connections.command(command, nodes[(worker + index) % nodes.count])
                guard reply == .simple("OK") else { throw TestFailure("SET: \(reply)") }
            }
            await connections.close()
        }
    }

    /// How many of `pairs` a node does not have byte for byte when asked over HTTP and over RESP, without redirects.
    static func missing(_ pairs: [Pair], on node: NodeAddress, isReplica: Bool) async throws -> [String] {
        let found = Collected()
        try await split(pairs) { _, share in
            let client = try await RESPClient.connect(to: node)
            if isReplica { _ = try await client.command("READONLY") }
            for (index, pair) in share.enumerated() {
                let reply = try await client.command([Array("GET".utf8), pair.key])
                if reply != .bulk(pair.value) {
                    await found.add("RESP \(String(decoding: pair.key, as: UTF8.self)): \(reply)")
                }
                // Every eighth over HTTP too: a connection each.
                guard index % 8 == 0 else { continue }
                let path = "/get?key=\(encoded(pair.key))"
                let response = try await HTTPFetch.request(method: "GET", address: node, path: path)
                let hasRole = !isReplica || response.headers["shoal-role"] == "replica"
                if response.status != 200 || response.body != pair.value || !hasRole {
                    await found.add("HTTP \(path): \(response.status) \(response.headers)")
                }
            }
            await client.close()
        }
        return await found.all
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

/// RESP connections by node, for a client that follows MOVED.
actor Connections {
    private var open: [NodeAddress: RESPClient] = [:]

    func command(_ words: [[UInt8]], _ address: NodeAddress) async throws -> RESPReply {
        var address = address
        for _ in 0..<5 {
            let reply = try await client(address).command(words)
            guard case .error(let text) = reply, text.hasPrefix("MOVED "), let target = text.split(separator: " ").last
            else { return reply }
            address = try NodeAddress(String(target))
        }
        throw TestFailure("too many redirects")
    }

    private func client(_ address: NodeAddress) async throws -> RESPClient {
        if let client = open[address], client.isOpen { return client }
        let client = try await RESPClient.connect(to: address)
        open[address] = client
        return client
    }

    func close() async {
        for client in open.values { await client.close() }
    }
}
