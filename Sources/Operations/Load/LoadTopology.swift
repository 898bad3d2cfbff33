import Model
import NIOCore
import Server

/// Which leader takes which slot, as the cluster itself says.
struct LoadTopology: Sendable {
    /// Redirects to ever new addresses must end somewhere.
    static let leadersMax = 1024

    private(set) var leaders: [NodeAddress]
    /// By slot: an index into `leaders`.
    private(set) var owners: [UInt16] { didSet { owned = nil } }
    /// By leader: whether it has slots; nil until somebody asks.
    private var owned: [Bool]?

    /// One node for all slots: a server that is no cluster.
    init(single target: NodeAddress) {
        leaders = [target]
        owners = [UInt16](repeating: 0, count: StorageLimits.slotCount)
    }

    /// Asks `target` with CLUSTER SLOTS. A server that doesn't know the command stands for itself alone.
    static func discover(target: NodeAddress, group: any EventLoopGroup) async throws(ClientError) -> LoadTopology {
        let client = try await RESPClient.connect(to: target, group: group)
        let reply: RESPReply
        do throws(ClientError) {
            reply = try await client.command("CLUSTER", "SLOTS")
            await client.close()
        } catch {
            await client.close()
            // A plain HTTP server answers RESP with something else or hangs up: it is no cluster.
            guard error.code == .badReply || error.code == .closed else { throw error }
            return LoadTopology(single: target)
        }
        return LoadTopology(slots: reply, askedNode: target) ?? LoadTopology(single: target)
    }

    /// From the reply of CLUSTER SLOTS: `[first, last, [host, port, …leader], …replicas]` per range. Nil if it is none.
    init?(slots reply: RESPReply, askedNode: NodeAddress) {
        self.init(single: askedNode)
        guard case .array(let ranges) = reply, !ranges.isEmpty else { return nil }
        leaders = []
        for range in ranges {
            guard let fields = range.elements, fields.count >= 3,
                let first = fields[0].integer, let last = fields[1].integer,
                (0..<owners.count).contains(first), (first..<owners.count).contains(last),
                let node = fields[2].elements, node.count >= 2,
                let port = node[1].integer.flatMap(UInt16.init(exactly:))
            else { return nil }
            let host = node[0].bytes.map { String(decoding: $0, as: UTF8.self) } ?? ""
            let known = !host.isEmpty && host != "?"
            guard let index = index(of: NodeAddress(host: known ? host : askedNode.host, port: port)) else {
                return nil
            }
            for slot in first...last { owners[slot] = UInt16(index) }
        }
    }

    /// Takes a redirect to heart. Returns the leader's index, nil when there are too many.
    mutating func learn(slot: UInt16, owner: NodeAddress) -> Int? {
        guard let index = index(of: owner) else { return nil }
        owners[Int(slot)] = UInt16(index)
        return index
    }

    /// Whether the leader has slots at all: looking for keys of one that has none would take for ever.
    mutating func hasSlots(_ leader: Int) -> Bool {
        if let owned, leader < owned.count { return owned[leader] }
        var having = [Bool](repeating: false, count: leaders.count)
        for owner in owners { having[Int(owner)] = true }
        owned = having
        return having[leader]
    }

    /// Takes over who owns what from a newer snapshot. Leaders keep their indexes.
    mutating func adopt(_ newer: LoadTopology) {
        let indexes = newer.leaders.map { index(of: $0) }
        var next = owners
        for (slot, owner) in newer.owners.enumerated() {
            if let index = indexes[Int(owner)] { next[slot] = UInt16(index) }
        }
        owners = next
    }

    private mutating func index(of address: NodeAddress) -> Int? {
        if let index = leaders.firstIndex(of: address) { return index }
        guard leaders.count < Self.leadersMax else { return nil }
        leaders.append(address)
        return leaders.count - 1
    }
}
