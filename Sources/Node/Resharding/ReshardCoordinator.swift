import Coordination
import Replication
import Resharding
import Routing

/// The coordinator as resharding uses it: pictures, proposals, and the job's document. Calls are bounded in time.
package struct ReshardCoordinator: Sendable {
    let coordinator: ClusterCoordinator

    package init(_ coordinator: ClusterCoordinator) { self.coordinator = coordinator }

    /// Map, records and job as of one moment.
    /// - Throws: `.corrupt` where there is no slot map, or the job's document can't be read.
    package func picture() async throws(CoordinationError) -> CoordinatorPicture {
        let picture = try await coordinator.picture(document: ReshardJob.documentName)
        guard let map = picture.map.value else {
            throw CoordinationError(.corrupt, "the coordinator has no slot map for \(coordinator.cluster)")
        }
        return CoordinatorPicture(
            map: map,
            mapRevision: picture.map.revision,
            records: picture.records,
            job: try job(picture.document),
            jobRevision: picture.document.revision
        )
    }

    /// One attempt, never repeated.
    /// - Parameter known: what is known of what a conflict doesn't tell.
    package func propose(_ proposal: ReshardProposal, known: CoordinatorPicture) async -> ReshardOutcome {
        do throws(CoordinationError) {
            let outcome = try await coordinator.replaceSlotMap(
                proposal.map,
                expected: proposal.mapRevision,
                records: proposal.records,
                document: (ReshardJob.documentName, proposal.jobRevision, try proposal.job.map(json))
            )
            switch outcome {
            case .committed(let revision): return .committed(revision: revision)
            case .conflict(let found):
                var picture = known
                if let map = found.map.value { (picture.map, picture.mapRevision) = (map, found.map.revision) }
                for (shard, seen) in found.records { picture.records[shard] = seen }
                (picture.job, picture.jobRevision) = (try job(found.document), found.document.revision)
                return .conflict(picture)
            }
        } catch {
            // Surely not written, or not known: another attempt tells as well.
            return .unknown
        }
    }

    /// Writes the job's next state, if the document still has that revision.
    /// - Returns: the new revision; nil when it had changed.
    package func write(_ job: ReshardJob, expected: UInt64) async throws(CoordinationError) -> UInt64? {
        try await coordinator.change([.init(name: ReshardJob.documentName, json: try json(job), expected: expected)])
    }

    private func json(_ job: ReshardJob) throws(CoordinationError) -> [UInt8] {
        do throws(ReshardError) { return try job.json() } catch { throw CoordinationError(.corrupt, error.message) }
    }

    private func job(_ seen: ClusterCoordinator.Seen<[UInt8]>) throws(CoordinationError) -> ReshardJob? {
        guard let json = seen.value else { return nil }
        do throws(ReshardError) {
            return try ReshardJob(json: json)
        } catch {
            throw CoordinationError(.corrupt, error.message)
        }
    }
}
