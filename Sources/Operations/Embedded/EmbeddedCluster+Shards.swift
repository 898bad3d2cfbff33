import Glibc
import Model
import Node
import Routing
import Synchronization

extension EmbeddedCluster {
    /// Begins to run the nodes of shards that are to come inside this process, those that nobody runs yet. Returns when
    /// their addresses answer or have failed; what became of them is told as events and in the status.
    package func take(_ shards: [ReshardRequest.NewShard]) async {
        state.withLock { state in
            for shard in shards where state.shown.shard(named: shard.name) == nil {
                state.guests.append(
                    ShardConfig(name: shard.name, index: 0, address: shard.address, replicas: shard.replicas)
                )
            }
        }
        for address in shards.map(\.address) + shards.flatMap(\.replicas) {
            let isOurs = state.withLock { $0.nodes[address] != nil }
            if !isOurs, await !answers(address) { await embed(address) }
        }
        probe()
    }

    /// Ends the nodes of shards that config.yaml does not have, as far as they run inside this process, and no longer looks
    /// at those shards. Their folders stay.
    package func release(_ names: [String]) async {
        followConfig()
        let nodes = state.withLock { state -> [Node] in
            let leaving = state.guests.filter { names.contains($0.name) }
            state.guests.removeAll { names.contains($0.name) }
            return leaving.flatMap { $0.nodes.reversed() }.compactMap { state.nodes.removeValue(forKey: $0) }
        }
        for node in nodes {
            await node.stop()
            add(.info, "\(node.configuration.address) of \(node.configuration.shard) has left this console")
        }
        probe()
    }

    /// Takes over the shards of config.yaml if the file has changed: a reshard adds and removes them.
    package func followConfig() {
        let (file, known) = state.withLock { ($0.config.file, $0.file) }
        guard let stamp = ConfigStamp(file: file), stamp != known else { return }
        let isNews = state.withLock { state in
            // Of two that look at the same time, one reads.
            guard state.file == known else { return false }
            state.file = stamp
            return true
        }
        guard isNews else { return }
        do throws(ConfigError) {
            adopt(try ClusterConfig.load(file: file, checkingLocality: false).shards)
        } catch {
            add(.warning, "\(error): the console goes on with the shards it knew")
        }
    }

    private func adopt(_ shards: [ShardConfig]) {
        let (come, gone) = state.withLock { state -> ([String], [String]) in
            let before = state.config
            state.config.shards = shards
            let names = Set(shards.map(\.name))
            state.guests.removeAll { names.contains($0.name) }
            let gone = before.shards.filter { !names.contains($0.name) }
            // Whoever takes a shard out of the file has not said that its nodes may stop.
            state.guests += gone.filter { shard in shard.nodes.contains { state.nodes[$0] != nil } }
            return (shards.map(\.name).filter { before.shard(named: $0) == nil }, gone.map(\.name))
        }
        if !come.isEmpty { add(.info, "config.yaml has \(come.joined(separator: ", ")) now") }
        if !gone.isEmpty { add(.info, "config.yaml no longer has \(gone.joined(separator: ", "))") }
    }

    /// Wakes whoever watches: something beside the status is new.
    package func wake() { state.withLock { $0.wake }?() }
}

/// Tells whether a file is the one that was read: every change of config.yaml makes a new file, or a new time.
struct ConfigStamp: Hashable, Sendable {
    private let inode: UInt64
    private let bytes: Int64
    private let seconds: Int
    private let nanoseconds: Int

    /// nil where there is no such file.
    init?(file: String) {
        var information = stat()
        guard stat(file, &information) == 0 else { return nil }
        inode = UInt64(information.st_ino)
        bytes = Int64(information.st_size)
        seconds = information.st_mtim.tv_sec
        nanoseconds = information.st_mtim.tv_nsec
    }
}
