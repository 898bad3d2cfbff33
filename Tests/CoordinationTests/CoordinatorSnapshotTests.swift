import Coordination
import Model
import Replication
import Routing
import TestSupport
import Testing

extension CoordinationSuite {
    /// What a change of slots' owners reads and compares, over both backends.
    @Suite(.serialized) struct CoordinatorSnapshotTests {
        private static func map(_ version: UInt64) throws -> SlotMap {
            let owners = (0..<StorageLimits.slotCount).map { UInt16($0 % 2) }
            return try SlotMap(version: version, shardNames: ["shard0", "shard1"], owners: owners)
        }

        private static let document = "job"

        /// A cluster with a map, two records and a document.
        private func with(
            _ kind: CoordinatorKind,
            _ body: (ClusterCoordinator, ClusterPlacement.Snapshot) async throws -> Void
        ) async throws {
            try await CoordinatorGround.with(kind) { ground in
                try await ground.withBackend { backend in
                    let coordinator = ClusterCoordinator(cluster: "contract", backend: backend)
                    _ = try await coordinator.begin(known: nil, firstMap: try Self.map(1))
                    for shard in ["shard0", "shard1"] { try await lead(shard, 1, 0, coordinator) }
                    try await write("one", 0, coordinator)
                    try await body(coordinator, try await look(coordinator))
                }
            }
        }

        private func lead(_ shard: String, _ term: UInt64, _ revision: UInt64, _ coordinator: ClusterCoordinator)
            async throws
        {
            let record = ShardRecord(shard: shard, term: term, leader: nil, session: "", inSync: [])
            let proposal = ShardProposal(
                number: 1,
                expectedRevision: revision,
                record: record,
                requiredSessions: [],
                absentSession: nil
            )
            guard case .committed = try await coordinator.propose(proposal).outcome else {
                throw TestFailure("no record of \(shard)")
            }
        }

        /// - Parameter text: nil deletes the document.
        private func write(_ text: String?, _ revision: UInt64, _ coordinator: ClusterCoordinator) async throws {
            let change = ClusterDocuments.Change(
                name: Self.document,
                json: text.map { Array($0.utf8) },
                expected: revision
            )
            guard try await coordinator.documents.change([change]) != nil else { throw TestFailure("no document") }
        }

        private func look(_ coordinator: ClusterCoordinator) async throws -> ClusterPlacement.Snapshot {
            try await coordinator.placement.snapshot(document: Self.document)
        }

        /// The change that every test makes, from what a snapshot says.
        private func change(
            _ snapshot: ClusterPlacement.Snapshot,
            json: String?,
            _ coordinator: ClusterCoordinator
        ) async throws -> ClusterPlacement.Outcome {
            try await coordinator.placement.replace(
                try Self.map(2),
                expected: snapshot.map.revision,
                records: snapshot.records.mapValues(\.revision),
                document: (Self.document, snapshot.document.revision, json.map { Array($0.utf8) })
            )
        }

        @Test("A snapshot has map, records and document", arguments: CoordinatorKind.allCases)
        func shows(_ kind: CoordinatorKind) async throws {
            try await with(kind) { coordinator, snapshot in
                #expect(snapshot.map.value == (try Self.map(1)))
                #expect(snapshot.records.keys.sorted() == ["shard0", "shard1"])
                #expect(snapshot.document.value == Array("one".utf8))
                let newest = max(snapshot.map.revision, snapshot.document.revision)
                #expect(snapshot.records.values.allSatisfy { (1...newest).contains($0.revision) })
                let other = try await coordinator.placement.snapshot(document: "nothing")
                #expect(other.document.value == nil && other.document.revision == 0)
                _ = try await coordinator.backend.put(ClusterKeys.shard("broken"), "{")
                await expectCode(.corrupt) { _ = try await coordinator.placement.snapshot(document: Self.document) }
            }
        }

        /// The revision it was written at; nil: it was not.
        private func revision(
            _ snapshot: ClusterPlacement.Snapshot,
            json: String?,
            _ coordinator: ClusterCoordinator
        ) async throws -> UInt64? {
            if case .committed(let revision) = try await change(snapshot, json: json, coordinator) { return revision }
            return nil
        }

        /// What it found instead; nil: it was written.
        private func conflict(
            _ snapshot: ClusterPlacement.Snapshot,
            json: String?,
            _ coordinator: ClusterCoordinator
        ) async throws -> ClusterPlacement.Snapshot? {
            if case .conflict(let found) = try await change(snapshot, json: json, coordinator) { return found }
            return nil
        }

        @Test("A document is written with the map, or only compared", arguments: CoordinatorKind.allCases)
        func writes(_ kind: CoordinatorKind) async throws {
            try await with(kind) { coordinator, snapshot in
                let first = try await revision(snapshot, json: nil, coordinator)
                let compared = try await look(coordinator)
                #expect(compared.map.value?.version == 2 && compared.map.revision == first)
                #expect(compared.document.revision == snapshot.document.revision, "compared, not written")
                let second = try await revision(compared, json: "two", coordinator)
                let written = try await look(coordinator)
                #expect(written.document.value == Array("two".utf8) && written.document.revision == second)
                #expect(written.map.revision == second)
            }
        }

        /// Makes somebody else's change of one thing.
        private func disturb(_ what: String, _ coordinator: ClusterCoordinator, _ snapshot: ClusterPlacement.Snapshot)
            async throws
        {
            switch what {
            case "map":
                let map = try Self.map(7)
                let revision = try await coordinator.placement.replace(map, expected: snapshot.map.revision)
                #expect(revision != nil)
            case "record": try await lead("shard1", 2, snapshot.records["shard1"]?.revision ?? 0, coordinator)
            case "document": try await write("other", snapshot.document.revision, coordinator)
            default: try await write(nil, snapshot.document.revision, coordinator)
            }
        }

        /// Tries the change of a snapshot that is out of date; `now` is what is there.
        private func expectConflict(
            _ snapshot: ClusterPlacement.Snapshot,
            _ now: ClusterPlacement.Snapshot,
            json: String?,
            _ coordinator: ClusterCoordinator
        ) async throws {
            guard let found = try await conflict(snapshot, json: json, coordinator) else {
                Issue.record("it was written")
                return
            }
            #expect(found.map.revision == now.map.revision && found.map.value == now.map.value)
            #expect(found.records == now.records)
            #expect(found.document.revision == now.document.revision && found.document.value == now.document.value)
        }

        /// Each of the four is compared; a conflict tells all of it as it is, and changes nothing.
        @Test("Whatever has changed stops a change and is told", arguments: CoordinatorKind.allCases)
        func compares(_ kind: CoordinatorKind) async throws {
            for what in ["map", "record", "document", "no document"] {
                try await with(kind) { coordinator, snapshot in
                    try await disturb(what, coordinator, snapshot)
                    let now = try await look(coordinator)
                    try await expectConflict(snapshot, now, json: nil, coordinator)
                    try await expectConflict(snapshot, now, json: "two", coordinator)
                    let after = try await look(coordinator)
                    #expect(after.map.revision == now.map.revision && after.document.revision == now.document.revision)
                }
            }
        }
    }
}
