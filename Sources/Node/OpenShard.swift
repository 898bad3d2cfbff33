import Logging
import NIOCore
import Replication
import Routing
import Server
import Storage

/// A node's shard while it is open: folder, store, and on a replica the link to the leader.
final class OpenShard: Sendable {
    let folder: DataFolder
    let store: ShardStore
    /// nil on a leader.
    let link: FollowerLink?
    let reader: ReplicationReader

    private init(folder: DataFolder, store: ShardStore, link: FollowerLink?) {
        self.folder = folder
        self.store = store
        self.link = link
        reader = ReplicationReader(store: store, path: folder.path + "/cursor")
    }

    /// How long a status waits for the applier, so that a busy node still answers in time.
    private static let statusPatience = 250

    /// Opens folder, engine and log and replays. Blocks.
    static func open(
        _ configuration: NodeConfiguration,
        group: any EventLoopGroup,
        logger: Logger,
        progress: (String) -> Void,
        onReport: @escaping @Sendable (FollowerReport) -> Void
    ) throws(StorageError) -> OpenShard {
        try FolderPath.createParents(of: configuration.folder)
        let folder = try DataFolder.open(
            path: configuration.folder,
            engine: configuration.engine,
            cluster: configuration.cluster.name,
            shard: configuration.shard,
            adopt: configuration.adopt
        )
        do throws(StorageError) {
            var options = ShardStore.Options()
            options.durability = configuration.durability
            let store = try ShardStore.open(
                folder: folder,
                kind: configuration.engine,
                options: options,
                progress: progress
            )
            if store.log.recovered.tornBytes > 0 {
                let report = store.log.recovered
                logger.warning(
                    "cut a torn tail off the commit log",
                    metadata: [
                        "bytes": "\(report.tornBytes)", "segment": "\(report.segment)", "offset": "\(report.offset)",
                    ]
                )
            }
            do throws(StorageError) {
                return OpenShard(
                    folder: folder,
                    store: store,
                    link: try lead(or: configuration, store, folder, group, logger, onReport)
                )
            } catch {
                store.close()
                throw error
            }
        } catch {
            folder.close()
            throw error
        }
    }

    private static func lead(
        or configuration: NodeConfiguration,
        _ store: ShardStore,
        _ folder: DataFolder,
        _ group: any EventLoopGroup,
        _ logger: Logger,
        _ onReport: @escaping @Sendable (FollowerReport) -> Void
    ) throws(StorageError) -> FollowerLink? {
        if configuration.role == .leader {
            try store.becomeLeader()
            return nil
        }
        guard let leader = configuration.cluster.shard(named: configuration.shard)?.address else { return nil }
        return FollowerLink(
            group: group,
            leader: leader,
            store: store,
            identity: FollowerMachine.Identity(
                cluster: configuration.cluster.name,
                shard: configuration.shard,
                folder: folder.id,
                address: configuration.address.description
            ),
            needsSnapshot: !store.engine.isComplete,
            logger: logger,
            onReport: onReport
        )
    }

    /// Whether a replica has ever had its leader's data, whole.
    var holdsData: Bool { store.engine.isComplete && !store.isBeingInstalled && store.log.end.sequence > 0 }

    /// The loops serve from the store now: begin to follow.
    func begin() { link?.start() }

    /// The loops have stopped using the store. Blocks.
    func close() {
        link?.stop()
        reader.close()
        store.close()
        folder.close()
    }

    /// Fills in what the store and the link know. Blocks for a moment.
    func describe(_ status: inout NodeStatus) {
        let total = store.total(patience: OpenShard.statusPatience)
        let figures = store.figures()
        status.keys = Int(clamping: total.keys)
        status.bytes = Int(clamping: total.bytes)
        status.position = figures.commitPosition.description
        status.commit = figures.mode.rawValue
        status.inSync = link == nil
        if let failure = figures.failure {
            status.state = .failed
            status.message = failure.message
        } else if let trouble = figures.trouble, status.message.isEmpty {
            status.message = trouble.message
        }
        if let standing = link?.standing() {
            status.lag = NodeStatus.Lag(
                milliseconds: Int(clamping: standing.lag.milliseconds),
                entries: Int(clamping: standing.lag.entries),
                bytes: Int(clamping: standing.lag.bytes)
            )
        } else if status.message.isEmpty, let full = store.log.roomFailure {
            status.message = full.message
        }
    }
}
