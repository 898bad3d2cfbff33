import FoundationEssentials
import Model
import NIOCore
import Node
import Operations
import Routing
import Server
import Synchronization

/// Keys and values of the cluster for the console, asked for on tasks of its own. Every request has a time-out, so that a
/// node that hangs costs its own shard's keys and nothing else.
final class ClusterBrowser: KeysPort {
    /// What nobody fetches is not kept for ever.
    private static let eventsMax = 256

    private struct State {
        var events: [KeysEvent] = []
        var listing: KeyListing?
        /// Ended by the next listing: nobody wants its answer.
        var paging: Task<Void, Never>?
    }

    private let cluster: EmbeddedCluster
    private let state = Mutex(State())

    init(_ cluster: EmbeddedCluster) { self.cluster = cluster }

    func drain() -> [KeysEvent] {
        state.withLock { state in
            defer { state.events = [] }
            return state.events
        }
    }

    func send(_ command: KeysCommand) {
        if case .page(let prefix, let number) = command { return page(prefix, number) }
        Task {
            do throws(ClientError) {
                tell(try await answer(command))
            } catch {
                tell(.failed(command, error.message))
            }
        }
    }

    private func page(_ prefix: [UInt8], _ number: Int) {
        let (listing, old) = state.withLock { state -> (KeyListing, Task<Void, Never>?) in
            if let listing = state.listing, listing.number == number { return (listing, nil) }
            let listing = KeyListing(leaders(), prefix: prefix, number: number, group: cluster.group)
            defer { state.paging = nil }
            state.listing = listing
            return (listing, state.paging)
        }
        old?.cancel()
        let task = Task {
            let page = await listing.next()
            if !Task.isCancelled { tell(.page(page)) }
        }
        state.withLock { state in
            if state.listing === listing { state.paging = task } else { task.cancel() }
        }
    }

    /// Who leads each shard now; where nobody is known to, who leads it by the config.
    private func leaders() -> [(shard: String, leader: NodeAddress)] {
        let status = cluster.latest()?.status
        return cluster.config.shards.map { shard in
            let known = status?.shards.first { $0.name == shard.name }?.runningLeader?.address
            return (shard.name, known.flatMap { try? NodeAddress($0) } ?? shard.address)
        }
    }

    /// A connection of its own for every request: people have one in seconds.
    private func answer(_ command: KeysCommand) async throws(ClientError) -> KeysEvent {
        let client: ClusterClient
        do throws(RoutingError) {
            let known = Dictionary(leaders().map { ($0.shard, $0.leader) }) { first, _ in first }
            client = try ClusterClient(config: cluster.config, leaders: known, group: cluster.group)
        } catch {
            throw ClientError(.badRequest, "\(error)")
        }
        let result: Result<KeysEvent, ClientError>
        do throws(ClientError) {
            result = .success(try await Self.ask(client, command))
        } catch {
            result = .failure(error)
        }
        await client.close()
        return try result.get()
    }

    private static func ask(_ client: ClusterClient, _ command: KeysCommand) async throws(ClientError) -> KeysEvent {
        switch command {
        case .page: return .failed(command, "a page is asked of all shards")
        case .read(let key):
            let value = try await client.get(key)
            return .value(KeyValue(key: key, value: value, expiry: try await client.expiry(of: key)))
        case .put(let key, let value, let instead):
            // Not a guard against writers of the same millisecond: against the minutes someone types.
            if let instead, try await client.get(key) != instead {
                return .failed(command, "the value has changed meanwhile: read it again before you change it")
            }
            try await client.replace(key, value: value)
        case .delete(let key):
            guard try await client.delete(key) else { return .failed(command, "there is no such key") }
        case .expire(let key, let seconds):
            guard try await client.expire(key, seconds: seconds) else {
                let reason = seconds == nil ? "there is no such key, or it never expires" : "there is no such key"
                return .failed(command, reason)
            }
        }
        return .done(command)
    }

    private func tell(_ event: KeysEvent) {
        state.withLock { state in
            state.events.append(event)
            if state.events.count > Self.eventsMax { state.events.removeFirst() }
        }
        cluster.wake()
    }
}
