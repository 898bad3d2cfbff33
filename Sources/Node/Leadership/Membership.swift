import Coordination
import FoundationEssentials
import Logging
import NIOCore
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

    /// A coordinator that does not answer is asked again after this.
    private static let retryMilliseconds = 500

    /// Joins the cluster at its coordinator, or begins it there. Waits for a coordinator that does not answer, as long
    /// as `goesOn` says. Blocks; not in the cooperative pool.
    /// - Parameter progress: what is waited for, in words.
    static func join(
        _ configuration: NodeConfiguration,
        folder: DataFolder,
        progress: (String) -> Void,
        goesOn: () -> Bool
    ) throws(StorageError) -> Membership {
        let cluster = configuration.cluster
        let coordinator = try coordinator(of: cluster)
        do throws(StorageError) {
            while true {
                let answer = wait { () throws(CoordinationError) in try await begin(coordinator, configuration, folder)
                }
                switch answer {
                case .success(let (beginning, records)):
                    try folder.join(coordinator: beginning.identity.coordinator)
                    return try membership(of: configuration, coordinator, beginning, records, folder)
                case .failure(let error):
                    guard error.code == .unavailable || error.code == .unknownOutcome else {
                        throw StorageError(.foreignFolder, error.message)
                    }
                    progress("waiting for the coordinator: \(error.message)")
                }
                guard goesOn() else { throw StorageError(.closed, "stopped while it waited for the coordinator") }
                Answer<Void>().wait(milliseconds: retryMilliseconds)
            }
        } catch {
            wait { await coordinator.close() }
            throw error
        }
    }

    /// Where clients are to be sent, as of then.
    var topology: Topology { Topology(map: map, records: records) }

    /// Gives the coordinator up. Blocks.
    func leave() { Membership.wait { [coordinator] in await coordinator.close() } }

    private static func coordinator(of cluster: ClusterConfig) throws(StorageError) -> ClusterCoordinator {
        do throws(CoordinationError) {
            return try ClusterCoordinator(config: cluster)
        } catch {
            throw StorageError(error.code == .unavailable ? .io : .foreignFolder, error.message)
        }
    }

    private static func membership(
        of configuration: NodeConfiguration,
        _ coordinator: ClusterCoordinator,
        _ beginning: ClusterCoordinator.Beginning,
        _ records: [String: SeenRecord],
        _ folder: DataFolder
    ) throws(StorageError) -> Membership {
        guard let map = beginning.map.value else {
            throw StorageError(.corrupt, "the coordinator has no slot map for \(configuration.cluster.name)")
        }
        // A machine that does not tell is taken for one that was booted just now.
        let bootID = BootClock.bootID() ?? UUID().uuidString.lowercased()
        return Membership(
            coordinator: coordinator,
            coordinatorID: beginning.identity.coordinator,
            map: map,
            mapRevision: beginning.map.revision,
            records: records,
            member: Member(
                id: folder.id,
                address: configuration.address.description,
                boot: configuration.durability == .os ? bootID : nil
            ),
            bootID: bootID
        )
    }

    private static func begin(
        _ coordinator: ClusterCoordinator,
        _ configuration: NodeConfiguration,
        _ folder: DataFolder
    ) async throws(CoordinationError) -> (ClusterCoordinator.Beginning, [String: SeenRecord]) {
        let cluster = configuration.cluster
        var beginning = try await coordinator.begin(
            known: folder.coordinator,
            firstMap: try map(of: cluster, after: nil)
        )
        if let current = beginning.map.value,
            let doubled = try await OfflineDoubling(cluster: cluster, coordinator: coordinator)
                .apply(to: current, revision: beginning.map.revision)
        {
            beginning.map = doubled
        }
        return (beginning, try await coordinator.shards())
    }

    static func map(of cluster: ClusterConfig, after current: SlotMap?) throws(CoordinationError) -> SlotMap {
        do throws(RoutingError) {
            return try cluster.placement.map(current: current, shards: cluster.shardNames)
        } catch {
            throw CoordinationError(.corrupt, "\(cluster.file): \(error)")
        }
    }

    /// Runs async work on coordination's loop, for a thread that may block.
    private static func wait<T: Sendable>(
        _ body: @escaping @Sendable () async throws(CoordinationError) -> T
    ) -> Result<T, CoordinationError> {
        let answer = Answer<Result<T, CoordinationError>>()
        Task(executorPreference: CoordinationExecutor.shared) {
            do throws(CoordinationError) {
                answer.give(.success(try await body()))
            } catch {
                answer.give(.failure(error))
            }
        }
        return answer.wait()
    }

    private static func wait(_ body: @escaping @Sendable () async -> Void) {
        let done = Answer<Void>()
        Task(executorPreference: CoordinationExecutor.shared) {
            await body()
            done.give()
        }
        done.wait(milliseconds: closePatience)
    }

    /// A coordinator that hangs must not keep a node from stopping.
    private static let closePatience = 3000
}
