import Coordination
import Foundation
import Model
import Replication
import Routing
import TestSupport
import Testing

extension CoordinationSuite {
    /// What nodes agree on, over both backends.
    @Suite(.serialized) struct ClusterCoordinatorTests {
        private static func member(_ number: Int) -> Member {
            Member(id: String(repeating: "\(number)", count: 32), address: "127.0.40.2:\(23_900 + number)")
        }

        private static func map(_ version: UInt64) throws -> SlotMap {
            let owners = (0..<StorageLimits.slotCount).map { UInt16($0 % 2) }
            return try SlotMap(version: version, shardNames: ["shard0", "shard1"], owners: owners)
        }

        private static func record(_ term: UInt64, _ leader: Member?, _ session: String, _ inSync: [Member])
            -> ShardRecord
        {
            ShardRecord(shard: "shard0", term: term, leader: leader, session: session, inSync: inSync)
        }

        private func with(
            _ kind: CoordinatorKind,
            _ body: (ClusterCoordinator) async throws -> Void
        ) async throws {
            try await CoordinatorGround.with(kind) { ground in
                try await ground.withBackend { backend in
                    try await body(ClusterCoordinator(cluster: "contract", backend: backend))
                }
            }
        }

        @Test("Nodes that start together begin one cluster with one id", arguments: CoordinatorKind.allCases)
        func beginsOnce(_ kind: CoordinatorKind) async throws {
            try await CoordinatorGround.with(kind) { ground in
                let map = try Self.map(1)
                let beginnings = try await withThrowingTaskGroup(of: ClusterCoordinator.Beginning.self) { group in
                    for _ in 0..<6 {
                        group.addTask {
                            try await ground.withBackend { backend in
                                let coordinator = ClusterCoordinator(cluster: "contract", backend: backend)
                                return try await coordinator.begin(known: nil, firstMap: map, timeout: .seconds(10))
                            }
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(Set(beginnings.map(\.identity)).count == 1)
                #expect(Set(beginnings.map(\.map.revision)).count == 1)
                #expect(beginnings.allSatisfy { $0.map.value == map })
                #expect(beginnings[0].identity.coordinator.count == 32)
            }
        }

        @Test(
            "A data folder of another coordinator, or one that lost its data, is refused",
            arguments: CoordinatorKind.allCases
        )
        func refusesStrangers(_ kind: CoordinatorKind) async throws {
            try await with(kind) { coordinator in
                let map = try Self.map(1)
                let other = String(repeating: "a", count: 32)
                await expectCode(.wrongCoordinator) { _ = try await coordinator.begin(known: other, firstMap: map) }
                let isEmpty = try await coordinator.identity() == nil
                #expect(isEmpty, "a refused folder must not begin a cluster")
                let begun = try await coordinator.begin(known: "", firstMap: map)
                let again = try await coordinator.begin(known: begun.identity.coordinator, firstMap: try Self.map(9))
                #expect(again.identity == begun.identity && again.map.value == map)
                await expectCode(.wrongCoordinator) { _ = try await coordinator.begin(known: other, firstMap: map) }
                let stranger = ClusterCoordinator(cluster: "another", backend: coordinator.backend)
                await expectCode(.wrongCluster) { _ = try await stranger.begin(known: nil, firstMap: map) }
                _ = try await coordinator.backend.put(ClusterKeys.identity, "{")
                await expectCode(.corrupt) { _ = try await coordinator.begin(known: nil, firstMap: map) }
            }
        }

        /// A session is what a node decides by; nothing is to be decided at a coordinator of another history.
        @Test(
            "No session is opened at another coordinator, or at one that went back",
            arguments: CoordinatorKind.allCases
        )
        func sessionsAreOfOneCoordinator(_ kind: CoordinatorKind) async throws {
            try await with(kind) { coordinator in
                let began = try await coordinator.begin(known: nil, firstMap: try Self.map(1))
                let id = began.identity.coordinator
                let sessions = coordinator.sessions
                let member = Self.member(1)
                _ = try await sessions.open(holder: member, ttl: 60_000, coordinator: id, timeout: .seconds(5))
                let newest = try await coordinator.backend.read("", isExact: false, timeout: .seconds(5)).revision
                _ = try await sessions.open(
                    holder: member,
                    ttl: 60_000,
                    coordinator: id,
                    seen: newest,
                    timeout: .seconds(5)
                )
                func left() async throws -> Int {
                    let prefix = ClusterKeys.sessions
                    return try await coordinator.backend.read(prefix, isExact: false, timeout: .seconds(5)).entries
                        .count
                }
                let before = try await left()
                await expectCode(.wrongCoordinator) {
                    _ = try await sessions.open(holder: member, ttl: 60_000, coordinator: "x", timeout: .seconds(5))
                }
                await expectCode(.wentBack) {
                    _ = try await sessions.open(
                        holder: member,
                        ttl: 60_000,
                        coordinator: id,
                        seen: newest + 1_000,
                        timeout: .seconds(5)
                    )
                }
                let after = try await left()
                #expect(after == before, "a session was left behind")
            }
        }

        @Test("A shard is taken over only when its leader's session is gone", arguments: CoordinatorKind.allCases)
        func takesOver(_ kind: CoordinatorKind) async throws {
            try await with(kind) { coordinator in
                _ = try await coordinator.begin(known: nil, firstMap: try Self.map(1))
                let (one, two) = (Self.member(1), Self.member(2))
                let first = try await coordinator.sessions.open(holder: one, ttl: 60_000, timeout: .seconds(5))
                let second = try await coordinator.sessions.open(holder: two, ttl: 60_000, timeout: .seconds(5))
                var proposal = ShardProposal(
                    number: 1,
                    expectedRevision: 0,
                    record: Self.record(1, one, first.id, [one]),
                    requiredSessions: [first.id],
                    absentSession: nil
                )
                let created = try await coordinator.propose(proposal)
                guard case .committed(let revision) = created.outcome else {
                    Issue.record("\(created.outcome)")
                    return
                }
                #expect(created.map?.value?.version == 1)
                let seen = SeenRecord(record: proposal.record, revision: revision)
                // Again, as if it were the first leader: the record is there now.
                let repeated = try await coordinator.propose(proposal).outcome
                #expect(repeated == .conflict(seen))
                // The second takes over while the first one's session lives.
                proposal = ShardProposal(
                    number: 2,
                    expectedRevision: revision,
                    record: Self.record(2, two, second.id, [one, two]),
                    requiredSessions: [second.id],
                    absentSession: first.id
                )
                let early = try await coordinator.propose(proposal).outcome
                #expect(early == .conflict(seen))
                try await coordinator.sessions.end(first.id)
                let taken = try await coordinator.propose(proposal).outcome
                guard case .committed(let newest) = taken else {
                    Issue.record("\(taken)")
                    return
                }
                let record = try await coordinator.shard("shard0")
                #expect(record == SeenRecord(record: proposal.record, revision: newest))
                let all = try await coordinator.shards()
                #expect(all == ["shard0": record])
                // A hand-over to a member whose session is over, and one without any leader.
                proposal.expectedRevision = newest
                proposal.requiredSessions = [first.id]
                let late = try await coordinator.propose(proposal).outcome
                #expect(late == .conflict(record))
            }
        }

        @Test(
            "Notices live and die with their session, and a newer one replaces an older",
            arguments: CoordinatorKind.allCases
        )
        func notices(_ kind: CoordinatorKind) async throws {
            try await with(kind) { coordinator in
                let member = Self.member(3)
                func notice(_ session: String, _ sequence: UInt64) -> MemberNotice {
                    MemberNotice(
                        member: member,
                        shard: "shard0",
                        session: session,
                        position: Position(term: 2, sequence: sequence),
                        observedTerm: 2,
                        isCandidate: true,
                        durability: .fsync,
                        bootID: "boot",
                        blocker: nil
                    )
                }
                let old = try await coordinator.sessions.open(holder: member, ttl: 60_000, timeout: .seconds(5))
                let new = try await coordinator.sessions.open(holder: member, ttl: 60_000, timeout: .seconds(5))
                try await coordinator.sessions.publish(notice(old.id, 1))
                try await coordinator.sessions.publish(notice(new.id, 2))
                try await coordinator.sessions.end(old.id)
                let left = try await coordinator.sessions.notices(of: "shard0")
                #expect(left == [notice(new.id, 2)])
                await expectCode(.sessionEnded) { try await coordinator.sessions.publish(notice(old.id, 3)) }
                try await coordinator.sessions.end(new.id)
                let none = try await coordinator.sessions.notices(of: "shard0")
                #expect(none.isEmpty)
            }
        }

        @Test("The map changes with records and documents, all or nothing", arguments: CoordinatorKind.allCases)
        func changesMap(_ kind: CoordinatorKind) async throws {
            try await with(kind) { coordinator in
                let begun = try await coordinator.begin(known: nil, firstMap: try Self.map(1))
                let member = Self.member(4)
                let proposal = ShardProposal(
                    number: 1,
                    expectedRevision: 0,
                    record: Self.record(1, member, "", [member]),
                    requiredSessions: [],
                    absentSession: nil
                )
                guard case .committed(let led) = try await coordinator.propose(proposal).outcome else {
                    Issue.record("no record")
                    return
                }
                let step = ClusterDocuments.Change(name: "reshard/1", json: Array("{}".utf8), expected: 0)
                let next = try Self.map(2)
                for (expected, record) in [(begun.map.revision + 100, led), (begun.map.revision, led + 100)] {
                    let refused = try await coordinator.placement.replace(
                        next,
                        expected: expected,
                        records: ["shard0": record],
                        documents: [step]
                    )
                    #expect(refused == nil)
                }
                let none = try await coordinator.documents.read("reshard/1")
                #expect(none.value == nil && none.revision == 0)
                let changed = try await coordinator.placement.replace(
                    next,
                    expected: begun.map.revision,
                    records: ["shard0": led],
                    documents: [step]
                )
                let map = try await coordinator.placement.read()
                #expect(map.value == next && map.revision == changed)
                let documents = try await coordinator.documents.all(prefix: "reshard/")
                #expect(documents.map(\.name) == ["reshard/1"] && documents.first?.revision == changed)
                let removal = ClusterDocuments.Change(name: "reshard/1", json: nil, expected: changed ?? 0)
                let removed = try await coordinator.documents.change([removal])
                #expect(removed != nil)
                let gone = try await coordinator.documents.all(prefix: "")
                #expect(gone.isEmpty)
            }
        }

        @Test("A watch tells of sessions, map, records, notices and documents", arguments: CoordinatorKind.allCases)
        func watches(_ kind: CoordinatorKind) async throws {
            try await with(kind) { coordinator in
                _ = try await coordinator.begin(known: nil, firstMap: try Self.map(1))
                let told = Told()
                let watch = coordinator.watch()
                let reader = Task { for await event in watch { await told.take(event) } }
                #expect(try await eventually { await told.lines.contains("map 1") })
                let member = Self.member(5)
                let session = try await coordinator.sessions.open(holder: member, ttl: 60_000, timeout: .seconds(5))
                let proposal = ShardProposal(
                    number: 1,
                    expectedRevision: 0,
                    record: Self.record(7, member, session.id, [member]),
                    requiredSessions: [session.id],
                    absentSession: nil
                )
                _ = try await coordinator.propose(proposal)
                let note = ClusterDocuments.Change(name: "note", json: [1], expected: 0)
                _ = try await coordinator.documents.change([note])
                _ = try await coordinator.backend.put(ClusterKeys.shard("broken"), "no JSON")
                try await coordinator.sessions.end(session.id)
                let expected = ["opened", "record shard0 7", "document note", "unreadable", "ended"]
                let isTold = try await eventually { Set(expected).isSubset(of: await told.lines) }
                let lines = await told.lines
                #expect(isTold, "told only \(lines)")
                watch.cancel()
                await reader.value
            }
        }

        private actor Told {
            private(set) var lines: Set<String> = []

            func take(_ event: ClusterWatch.Event) {
                guard case .changes(let changes, _) = event else { return }
                for change in changes {
                    switch change {
                    case .identity: break
                    case .map(let map, _): lines.insert("map \(map.version)")
                    case .shard(let name, let seen): lines.insert("record \(name) \(seen.record?.term ?? 0)")
                    case .sessionOpened: lines.insert("opened")
                    // Opened and ended between two looks is told as ended only if it was told as opened.
                    case .sessionEnded: lines.formUnion(["opened", "ended"])
                    case .notice, .noticeGone: lines.insert("notice")
                    case .document(let name, _, _): lines.insert("document \(name)")
                    case .unreadable: lines.insert("unreadable")
                    }
                }
            }
        }
    }
}
