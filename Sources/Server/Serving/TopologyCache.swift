import Model
import NIOCore
import Routing
import Synchronization

/// The newest CLUSTER SLOTS, SHARDS and NODES replies of a node. Under `modulo` one of them has about 3 MB: it is built
/// once per change of the map, of a leader or of who is there, and copied from then on.
///
/// Any thread. Holds at most one reply per question and protocol version, six in all.
final class TopologyCache: Sendable {
    /// All that a reply depends on; the config and the answering node's address never change.
    struct View: Hashable {
        var mapVersion: UInt64
        var leaders: [NodeAddress?]
        var nodes: [ShardNodes?]

        init(_ state: ServingState) {
            mapVersion = state.map.version
            leaders = state.leaders
            nodes = state.nodes
        }
    }

    private struct Entry {
        var view: View
        var reply: ByteBuffer
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// Whether replies to this subcommand (in lower case) are kept.
    static func keeps(_ subcommand: String) -> Bool { ["slots", "shards", "nodes"].contains(subcommand) }

    func reply(to subcommand: String, version: Int, _ view: View) -> ByteBuffer? {
        entries.withLock { entries in
            guard let entry = entries["\(subcommand)\(version)"], entry.view == view else { return nil }
            return entry.reply
        }
    }

    func keep(_ reply: ByteBuffer, to subcommand: String, version: Int, _ view: View) {
        entries.withLock { $0["\(subcommand)\(version)"] = Entry(view: view, reply: reply) }
    }
}
