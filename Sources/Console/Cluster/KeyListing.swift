import FoundationEssentials
import Model
import NIOCore
import Server

/// A walk through the keys of all shards, merged by slot and then key, page by page.
actor KeyListing {
    /// Keys of a page, and of one request: a screen or two.
    private static let pageKeys = 200
    /// A shard that needs longer is told as missing, and the others go on without it.
    private static let timeout = TimeAmount.seconds(3)

    /// What is known of one shard's keys.
    private struct Stream {
        var shard: String
        var leader: NodeAddress
        /// The next keys with their slots, the nearest last.
        var keys: [(slot: UInt16, key: [UInt8])] = []
        var cursor: String?
        var hasEnded = false
    }

    nonisolated let number: Int
    private let prefix: [UInt8]
    private let group: any EventLoopGroup
    private var streams: [Stream]
    private var missing: [String: String] = [:]

    init(
        _ leaders: [(shard: String, leader: NodeAddress)],
        prefix: [UInt8],
        number: Int,
        group: any EventLoopGroup
    ) {
        streams = leaders.map { Stream(shard: $0.shard, leader: $0.leader) }
        self.prefix = prefix
        self.number = number
        self.group = group
    }

    /// The next keys; asks those shards, all at once, of which no key is left.
    func next() async -> KeysPage {
        var keys: [[UInt8]] = []
        while keys.count < Self.pageKeys {
            await fill()
            guard !Task.isCancelled, let first = streams.indices.filter({ !streams[$0].keys.isEmpty }).min(by: isBefore)
            else { break }
            if let next = streams[first].keys.popLast() { keys.append(next.key) }
        }
        let isLast = streams.allSatisfy { $0.keys.isEmpty && $0.hasEnded }
        return KeysPage(number: number, keys: keys, isLast: isLast, missing: missing)
    }

    private func isBefore(_ one: Int, _ other: Int) -> Bool {
        guard let first = streams[one].keys.last, let second = streams[other].keys.last else { return false }
        if first.slot != second.slot { return first.slot < second.slot }
        return first.key.lexicographicallyPrecedes(second.key)
    }

    private func fill() async {
        let hungry = streams.indices.filter { streams[$0].keys.isEmpty && !streams[$0].hasEnded }
        guard !hungry.isEmpty else { return }
        let asked = hungry.map { (index: $0, stream: streams[$0]) }
        let (prefix, group) = (self.prefix, self.group)
        let answers = await withTaskGroup(of: (Int, Result<Page, ClientError>).self) { tasks in
            for (index, stream) in asked {
                let (leader, cursor) = (stream.leader, stream.cursor)
                tasks.addTask { (index, await Self.page(of: leader, prefix: prefix, after: cursor, group)) }
            }
            return await tasks.reduce(into: []) { $0.append($1) }
        }
        for (index, answer) in answers {
            switch answer {
            case .success(let page):
                streams[index].keys = page.keys.map { key in (key.withUnsafeBytes { KeySlot.slot(of: $0) }, key) }
                    .reversed()
                streams[index].cursor = page.cursor
                streams[index].hasEnded = page.cursor == nil
            case .failure(let error):
                streams[index].hasEnded = true
                missing[streams[index].shard] = error.message
            }
        }
    }

    private struct Page: Sendable {
        var keys: [[UInt8]]
        var cursor: String?
    }

    private struct Document: Decodable {
        var keys: [String]
        var cursor: String?
        var encoding: String?
    }

    private static func page(
        of leader: NodeAddress,
        prefix: [UInt8],
        after cursor: String?,
        _ group: any EventLoopGroup
    ) async -> Result<Page, ClientError> {
        var path = "/kv?limit=\(pageKeys)"
        if !prefix.isEmpty { path += "&prefix=\(PercentCoding.encode(prefix))" }
        if let cursor { path += "&cursor=\(PercentCoding.encode(cursor.utf8))" }
        do throws(ClientError) {
            let response = try await HTTPFetch.request(
                method: "GET",
                address: leader,
                path: path,
                timeout: timeout,
                group: group
            )
            guard response.status == 200 else {
                return .failure(ClientError(.refused, response.refusal))
            }
            guard let page = decoded(response.body), page.cursor == nil || !page.keys.isEmpty else {
                return .failure(ClientError(.badReply, "\(leader) answered /kv with something else than a page"))
            }
            return .success(page)
        } catch {
            return .failure(error)
        }
    }

    /// nil: this is no page.
    private static func decoded(_ body: [UInt8]) -> Page? {
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(body)) else { return nil }
        guard let encoding = document.encoding else {
            return Page(keys: document.keys.map { Array($0.utf8) }, cursor: document.cursor)
        }
        let keys = document.keys.compactMap { Data(base64Encoded: $0).map(Array.init) }
        guard encoding == "base64", keys.count == document.keys.count else { return nil }
        return Page(keys: keys, cursor: document.cursor)
    }
}
