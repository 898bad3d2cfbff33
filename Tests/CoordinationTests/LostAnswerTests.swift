import Coordination
import FoundationEssentials
import Model
import Replication
import Routing
import Storage
import TestSupport
import Testing

/// `ClusterCoordinator` at a coordinator that loses requests and answers, or does late what it was asked: whatever a
/// caller is told is true, at once and for good.
@Suite struct LostAnswerTests {
    private static let seeds: ClosedRange<UInt64> = 1...10
    private static let steps = 250

    /// A node as it knows the cluster.
    private struct Node {
        let member: Member
        let identity: ClusterIdentity
        var known = ""
        var session: String?
        var record = SeenRecord(record: nil, revision: 0)
        var map = Seen<SlotMap>(value: nil, revision: 0)
        var document = Seen<[UInt8]>(value: nil, revision: 0)
    }

    /// One seed: some nodes, one after the other, and what must be found in the end.
    private struct Run {
        let backend: MemoryBackend
        let coordinator: ClusterCoordinator
        var random: SplitMix
        var nodes: [Node] = []
        /// Names every change, so that each is found at most once.
        var number: UInt64 = 0
        /// Terms, or versions of the map, that callers were told of.
        var written: [String: [UInt64: UInt64]] = ["record": [:], "map": [:]]
        var refused: [String: Set<UInt64>] = ["record": [], "map": []]

        init(seed: UInt64) {
            backend = MemoryBackend(seed: seed)
            coordinator = ClusterCoordinator(cluster: "c", backend: backend)
            random = SplitMix(seed: seed &+ 1_000)
            for index in 1...3 {
                let id = String(repeating: "\(index)", count: 32)
                nodes.append(
                    Node(
                        member: Member(id: id, address: "127.0.0.1:\(index)"),
                        identity: ClusterIdentity(cluster: "c", coordinator: id)
                    )
                )
            }
        }

        static func map(_ version: UInt64) throws -> SlotMap {
            try SlotMap(
                version: version,
                shardNames: ["s"],
                owners: Array(repeating: 0, count: StorageLimits.slotCount)
            )
        }

        mutating func step() async throws {
            let index = Int.random(in: 0..<nodes.count, using: &random)
            do throws(CoordinationError) {
                switch Int.random(in: 0..<9, using: &random) {
                case 0: try await join(index)
                case 1:
                    nodes[index].session = try await coordinator.sessions.open(holder: nodes[index].member, ttl: 3_000)
                        .id
                case 2: try await publish(index)
                case 3: if let id = nodes[index].session { backend.expire(id) }
                case 4: nodes[index].record = try await coordinator.shard("s")
                case 5:
                    let snapshot = try await coordinator.placement.snapshot(document: "d")
                    (nodes[index].map, nodes[index].document) = (snapshot.map, snapshot.document)
                case 6: if let id = nodes[index].session { try await coordinator.sessions.end(id) }
                case 7: try await propose(index)
                default: try await replaceMap(index)
                }
            } catch {
                // Told that nothing is known or done; the calls themselves look at what that must mean.
                #expect([.unavailable, .unknownOutcome, .sessionEnded].contains(error.code), "\(error.code): \(error)")
            }
        }

        private mutating func join(_ index: Int) async throws(CoordinationError) {
            guard let map = try? Self.map(0) else { return }
            let node = nodes[index]
            let beginning = try await coordinator.begin(as: node.identity, known: node.known, firstMap: map)
            #expect(beginning.map.value != nil)
            #expect(node.known.isEmpty || node.known == beginning.identity.coordinator)
            nodes[index].known = beginning.identity.coordinator
        }

        private mutating func publish(_ index: Int) async throws(CoordinationError) {
            guard let session = nodes[index].session else { return }
            number += 1
            let notice = MemberNotice(
                member: nodes[index].member,
                shard: "s",
                session: session,
                position: Position(term: 1, sequence: number),
                observedTerm: 1,
                isCandidate: false,
                durability: .fsync,
                bootID: "b",
                blocker: nil
            )
            do throws(CoordinationError) {
                try await coordinator.sessions.publish(notice)
                #expect(backend.past.last?[ClusterKeys.notice("s", member: notice.member.id)]?.session == session)
            } catch {
                if error.code == .sessionEnded { #expect(!backend.hasSession(session)) }
                throw error
            }
        }

        private mutating func propose(_ index: Int) async throws(CoordinationError) {
            guard let session = nodes[index].session else { return }
            number += 1
            let (term, member) = (number, nodes[index].member)
            let proposal = ShardProposal(
                number: number,
                expectedRevision: nodes[index].record.revision,
                record: ShardRecord(shard: "s", term: term, leader: member, session: session, inSync: [member]),
                requiredSessions: [session],
                absentSession: nil
            )
            do throws(CoordinationError) {
                switch try await coordinator.propose(proposal).outcome {
                case .committed(let revision):
                    written["record"]?[term] = revision
                    nodes[index].record = SeenRecord(record: proposal.record, revision: revision)
                case .conflict(let found):
                    refused["record"]?.insert(term)
                    nodes[index].record = found
                case .unknown: break
                }
            } catch {
                // Thrown is only what was surely not written.
                refused["record"]?.insert(term)
                throw error
            }
        }

        private mutating func replaceMap(_ index: Int) async throws(CoordinationError) {
            number += 1
            let version = number
            guard nodes[index].map.revision > 0, let map = try? Self.map(version) else { return }
            do throws(CoordinationError) {
                let outcome = try await coordinator.placement.replace(
                    map,
                    expected: nodes[index].map.revision,
                    records: ["s": nodes[index].record.revision],
                    document: ("d", nodes[index].document.revision, Array("\(version)".utf8))
                )
                switch outcome {
                case .committed(let revision): written["map"]?[version] = revision
                case .conflict(let found):
                    refused["map"]?.insert(version)
                    (nodes[index].map, nodes[index].document) = (found.map, found.document)
                    nodes[index].record = found.records["s"] ?? nodes[index].record
                }
            } catch {
                if error.code != .unknownOutcome { refused["map"]?.insert(version) }
                throw error
            }
        }

        // MARK: In the end

        /// Every change that was written, at its revision; each once.
        private func found(_ key: String, _ number: (CoordinatorEntry) throws -> UInt64) rethrows -> [UInt64: UInt64] {
            var found: [UInt64: UInt64] = [:]
            var last: UInt64 = 0
            for entry in backend.past.compactMap({ $0[key] }) where entry.revision > last {
                last = entry.revision
                let number = try number(entry)
                #expect(found[number] == nil, "\(key) \(number) was written twice")
                found[number] = entry.revision
            }
            return found
        }

        func check(seed: UInt64) async throws {
            let records = try found(ClusterKeys.shard("s")) { try Self.decode(ShardRecord.self, $0).term }
            let maps = try found(ClusterKeys.map) { try Self.decode(SlotMap.self, $0).version }
            for (kind, found) in [("record", records), ("map", maps)] {
                for (number, revision) in written[kind] ?? [:] {
                    #expect(found[number] == revision, "seed \(seed): \(kind) \(number) was told to be written")
                }
                let untrue = (refused[kind] ?? []).intersection(found.keys)
                #expect(untrue.isEmpty, "seed \(seed): \(kind) \(untrue) were told not to be written")
            }
            // Map and document are one change.
            for (version, revision) in maps where version > 0 {
                let text = backend.past[Int(revision)][ClusterKeys.document("d")].map { $0.text }
                #expect(text == "\(version)", "seed \(seed): map \(version) without its document")
            }
            let identity = try await coordinator.identity()
            #expect(nodes.allSatisfy { $0.known.isEmpty || $0.known == identity?.coordinator }, "seed \(seed)")
        }

        private static func decode<Value: Decodable>(_ type: Value.Type, _ entry: CoordinatorEntry) throws -> Value {
            try JSONDecoder().decode(type, from: Data(entry.value))
        }
    }

    @Test func whatIsToldIsTrue() async throws {
        for seed in Self.seeds {
            var run = Run(seed: seed)
            for _ in 0..<Self.steps { try await run.step() }
            run.backend.heal()
            try await run.check(seed: seed)
        }
    }

    /// A watch that misses changes now and then knows in the end exactly what is there.
    @Test func aWatchKnowsEverythingInTheEnd() async throws {
        for seed in Self.seeds {
            var run = Run(seed: seed)
            let watch = run.coordinator.watch()
            let events = watch.makeAsyncIterator()
            var (notices, record, map) = ([String: MemberNotice](), SeenRecord(record: nil, revision: 0), UInt64(0))
            var known: UInt64 = 0
            func take(_ event: ClusterWatch.Event?) {
                guard case .changes(let changes, let revision) = event else { return }
                #expect(revision >= known)
                known = revision
                for change in changes {
                    switch change {
                    case .notice(let notice): notices[notice.member.id] = notice
                    case .noticeGone(_, let member): notices[member] = nil
                    case .shard(_, let seen): record = seen
                    case .map(let new, _): map = new.version
                    default: break
                    }
                }
            }
            take(await events.next())
            for _ in 0..<Self.steps { try await run.step() }
            run.backend.heal()
            while known < UInt64(run.backend.past.count - 1) { take(await events.next()) }
            watch.cancel()
            let told = notices.values.sorted { $0.member < $1.member }
            #expect(told == (try await run.coordinator.sessions.notices(of: "s")), "seed \(seed)")
            #expect(record == (try await run.coordinator.shard("s")), "seed \(seed)")
            #expect(map == (try await run.coordinator.placement.read().value?.version ?? 0), "seed \(seed)")
        }
    }
}
