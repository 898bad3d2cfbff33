import Coordination
import Model
import Replication
import Resharding

/// The coordinator as resharding uses it: snapshots, proposals, and the job's document. Calls are bounded in time.
package struct ReshardCoordinator: Sendable {
    let coordinator: ClusterCoordinator

    package init(_ coordinator: ClusterCoordinator) { self.coordinator = coordinator }

    /// Map, records and job as of one moment.
    /// - Throws: `.corrupt` where there is no slot map, or the job's document can't be read.
    package func snapshot() async throws(CoordinationError) -> CoordinatorSnapshot {
        let snapshot = try await coordinator.placement.snapshot(document: ReshardJob.documentName)
        guard let map = snapshot.map.value else {
            throw CoordinationError(.corrupt, "the coordinator has no slot map for \(coordinator.cluster)")
        }
        return CoordinatorSnapshot(
            map: map,
            mapRevision: snapshot.map.revision,
            records: snapshot.records,
            job: try job(snapshot.document),
            jobRevision: snapshot.document.revision
        )
    }

    /// One attempt, never repeated.
    /// - Parameter known: what is known of what a conflict doesn't tell.
    package func propose(_ proposal: ReshardProposal, known: CoordinatorSnapshot) async -> ReshardOutcome {
        do throws(CoordinationError) {
            let outcome = try await coordinator.placement.replace(
                proposal.map,
                expected: proposal.mapRevision,
                records: proposal.records,
                document: (ReshardJob.documentName, proposal.jobRevision, try proposal.job.map(json))
            )
            switch outcome {
            case .committed(let revision): return .committed(revision: revision)
            case .conflict(let found):
                var snapshot = known
                if let map = found.map.value { (snapshot.map, snapshot.mapRevision) = (map, found.map.revision) }
                for (shard, seen) in found.records { snapshot.records[shard] = seen }
                (snapshot.job, snapshot.jobRevision) = (try job(found.document), found.document.revision)
                return .conflict(snapshot)
            }
        } catch {
            // Surely not written, or not known: another attempt tells as well.
            return .unknown
        }
    }

    /// Writes the job's next state, if the document still has that revision.
    /// - Returns: the new revision; nil when it had changed.
    package func write(_ job: ReshardJob, expected: UInt64) async throws(CoordinationError) -> UInt64? {
        try await coordinator.documents.change([
            .init(name: ReshardJob.documentName, json: try json(job), expected: expected)
        ])
    }

    private func json(_ job: ReshardJob) throws(CoordinationError) -> [UInt8] {
        do throws(ReshardError) { return try job.json() } catch { throw CoordinationError(.corrupt, error.message) }
    }

    private func job(_ seen: Seen<[UInt8]>) throws(CoordinationError) -> ReshardJob? {
        guard let json = seen.value else { return nil }
        do throws(ReshardError) {
            return try ReshardJob(json: json)
        } catch {
            throw CoordinationError(.corrupt, error.message)
        }
    }
}
