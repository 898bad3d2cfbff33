import NIOCore
import Resharding
import Server
import Synchronization

/// Connections of targets that copy from this shard, and to sources that it copies from.
extension ReshardingDriver {
    package func attach(_ stream: any MigrationStream, _ hello: MigrationHello) -> UInt64? {
        let link = links.withLock { links -> UInt64? in
            if links.isOver { return nil }
            defer { links.next += 1 }
            links.streams[links.next] = stream
            return links.next
        }
        if let link { receive(.source(link: link, .hello(hello))) }
        return link
    }

    package func receive(_ event: MigrationSourceMachine.Event, link: UInt64) {
        // On the loop: what is still to be done for the link there comes before.
        if case .closed = event { eventLoop.execute { self.forget(link) } }
        receive(.source(link: link, event))
    }

    /// The link is gone, and with it its pin, and what is open to be read for it. On the event loop.
    func forget(_ link: UInt64) {
        let isKnown = links.withLock { $0.streams.removeValue(forKey: link) != nil }
        guard isKnown else { return }
        store.pinLog(id: link, after: nil)
        add { [readings] in readings.byLink[link] = nil }
    }

    /// Ends all of them, once and for all. On the event loop.
    func endLinks() {
        let keepsStreams = plants(.keepsStreams)
        let streams = links.withLock { links in
            links.isOver = true
            return links.streams
        }
        for (link, stream) in streams.sorted(by: { $0.key < $1.key }) {
            forget(link)
            if !keepsStreams { stream.close(because: "this node is no longer the leader") }
        }
        if !keepsStreams { for link in connections.keys.sorted() { connections[link]?.close() } }
        connections = [:]
    }
}
