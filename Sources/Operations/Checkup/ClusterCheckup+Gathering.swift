import Coordination
import Glibc
import Model
import Node
import Routing
import Server
import Storage

extension ClusterCheckup {
    /// Asks everybody: coordinator, nodes, and the folders that are on this machine. Takes some seconds at the longest.
    package static func gather(_ config: ClusterConfig) async -> ClusterCheckup {
        let status = await ClusterProbe(config: config).probe()
        let nodes = ReshardNodes(cluster: config.name)
        let answering = status.shards.flatMap(\.nodes).filter { $0.state == .running || $0.state == .syncing }
        let slots = await withTaskGroup(of: SlotsDocument?.self) { tasks in
            for node in answering {
                guard let address = try? NodeAddress(node.address) else { continue }
                // A node that does not answer this is told by its status.
                tasks.addTask { try? await nodes.slots(of: node.shard, at: address) }
            }
            return await tasks.reduce(into: [String: SlotsDocument]()) { all, document in
                if let document { all[document.address] = document }
            }
        }
        var checkup = ClusterCheckup(config: config, snapshot: nil, status: status, slots: slots)
        for address in config.allNodes { checkup.folders["\(address)"] = folder(config.dataFolder(for: address)) }
        do {
            let session = try await ReshardSession.open(config)
            do throws(CoordinationError) {
                checkup.snapshot = try await session.coordinator.snapshot()
            } catch {
                checkup.coordinatorError = error.message
            }
            await session.close()
        } catch let error as CoordinationError {
            checkup.coordinatorError = error.message
        } catch {
            checkup.coordinatorError = "\(error)"
        }
        return checkup
    }

    private static func folder(_ path: String) -> Folder {
        guard access(path, F_OK) == 0 else { return .missing }
        do throws(StorageError) {
            guard let marker = try DataFolderMarker.read(folder: path) else { return .missing }
            var disk = statvfs()
            guard statvfs(path, &disk) == 0 else { return .unreadable("\(path) has no disk that can be asked") }
            let free = UInt64(disk.f_bavail).multipliedReportingOverflow(by: UInt64(disk.f_frsize)).partialValue
            return .marked(cluster: marker.cluster, shard: marker.shard, engine: marker.engine, bytesFree: free)
        } catch {
            return .unreadable(error.message)
        }
    }
}
