import Coordination
import FoundationEssentials
import Model
import Replication
import Routing
import Server
import Storage

/// What a node has agreed on with the rest of its cluster before its shard opens.
struct Membership: Sendable {
    let coordinator: ClusterCoordinator
    /// The coordinator's id.
    let coordinatorID: String
    let map: SlotMap
    let mapRevision: UInt64
    /// Each shard's record as it was then.
    let records: [String: SeenRecord]
    let member: Member
    let bootID: String

    /// Milliseconds: a coordinator that hangs must not keep a node from stopping.
    private static let closePatience = 3000

    /// Joins the cluster at its coordinator, or begins it there. Waits for a coordinator that does not answer, until
    /// `stop` is told. Blocks; not in the cooperative pool, nor on event loops.
    /// - Parameter progress: what is waited for, in words; called on coordination's loop.
    static func join(
        _ configuration: NodeConfiguration,
        folder: DataFolder,
        stop: OpeningStop,
        progress: @escaping @Sendable (String) -> Void
    ) throws(StorageError) -> Membership {
        let cluster = configuration.cluster
        let coordinator: ClusterCoordinator
        do throws(CoordinationError) {
            coordinator = try ClusterCoordinator(config: cluster)
        } catch {
            throw StorageError(error.code == .unavailable ? .io : .foreignFolder, error.message)
        }
        do throws(StorageError) {
            let joined = try wait(coordinator, cluster, known: folder.coordinator, stop, progress)
            try folder.join(coordinator: joined.identity.coordinator)
            return Membership(coordinator, joined, configuration, folder)
        } catch {
            close(coordinator)
            throw error
        }
    }

    private static func wait(
        _ coordinator: ClusterCoordinator,
        _ cluster: ClusterConfig,
        known: String,
        _ stop: OpeningStop,
        _ progress: @escaping @Sendable (String) -> Void
    ) throws(StorageError) -> JoinedCluster {
        do throws(CoordinationError) {
            let answer = Answer<ClusterJoin.Outcome>()
            let join = ClusterJoin(
                coordinator: JoinCalls(coordinator, cluster),
                as: ClusterIdentity.fresh(cluster: cluster.name),
                firstMap: try cluster.map(after: nil),
                known: known,
                eventLoop: CoordinationExecutor.shared.eventLoop,
                onWait: progress,
                onEnd: { answer.give($0) }
            )
            join.begin()
            stop.whenStopped { join.stop() }
            return try answer.wait().get()
        } catch {
            throw StorageError(error.code == .closed ? .closed : .foreignFolder, error.message)
        }
    }

    private init(
        _ coordinator: ClusterCoordinator,
        _ joined: JoinedCluster,
        _ configuration: NodeConfiguration,
        _ folder: DataFolder
    ) {
        self.coordinator = coordinator
        coordinatorID = joined.identity.coordinator
        map = joined.map
        mapRevision = joined.mapRevision
        records = joined.records
        // A machine that does not tell is taken for one that was booted just now.
        bootID = BootClock.bootID() ?? UUID().uuidString.lowercased()
        member = Member(
            id: folder.id,
            address: configuration.address.description,
            boot: configuration.durability == .os ? bootID : nil
        )
    }

    /// Where clients are to be sent, as of then.
    var topology: Topology { Topology(map: map, records: records) }

    /// Gives the coordinator up. Blocks.
    func leave() { Membership.close(coordinator) }

    private static func close(_ coordinator: ClusterCoordinator) {
        let closed = Answer<Void>()
        Task(executorPreference: CoordinationExecutor.shared) {
            await coordinator.close()
            closed.give()
        }
        closed.wait(milliseconds: closePatience)
    }
}
