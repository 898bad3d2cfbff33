import Coordination
import Foundation
import Routing
import Synchronization
import TestSupport
import Testing

extension CoordinationSuite {
    /// What only etcd has: members that die, stop and come back, and links that are cut.
    @Suite(.serialized) struct EtcdClusterTests {
        private func with(_ endpoints: [String], _ body: (EtcdBackend) async throws -> Void) async throws {
            let settings = EtcdSettings(endpoints: endpoints.compactMap { EtcdEndpoint($0) })
            let backend = try EtcdBackend(cluster: "contract", settings: settings)
            do {
                try await body(backend)
            } catch {
                await backend.close()
                throw error
            }
            await backend.close()
        }

        /// Renews a session as a node does, and writes down the longest time without a renewal that counts.
        private final class Upkeep: Sendable {
            private let state = Mutex((last: UInt64(0), longest: UInt64(0), hasEnded: false))

            init(since: UInt64) { state.withLock { $0.last = since } }

            var longest: UInt64 { state.withLock { $0.longest } }
            var hasEnded: Bool { state.withLock { $0.hasEnded } }

            func run(_ session: String, _ backend: EtcdBackend) async {
                while !Task.isCancelled {
                    do {
                        let lease = try await backend.renewSession(session, timeout: .milliseconds(1_000))
                        state.withLock { state in
                            state.longest = max(state.longest, lease.sentAt - min(lease.sentAt, state.last))
                            state.last = lease.sentAt
                        }
                    } catch {
                        if error.code == .sessionEnded { return state.withLock { $0.hasEnded = true } }
                    }
                    // The pace of the renewals under test.
                    try? await Task.sleep(for: .milliseconds(300))
                }
            }
        }

        @Test("With three members, one that dies and one that stops cost no session and no change")
        func oneMemberDown() async throws {
            let etcd = try await TestEtcd(members: 3)
            try await with(etcd.endpoints) { backend in
                let lease = try await backend.grantSession(ttl: 6_000, timeout: .seconds(5))
                try await backend.put("tied", "1", session: lease.id)
                let watched = WatchedKeys()
                let watch = backend.watch("")
                let reader = Task { await watched.follow(watch) }
                let upkeep = Upkeep(since: lease.sentAt)
                let renewing = Task { await upkeep.run(lease.id, backend) }
                for member in 0..<3 {
                    etcd.kill(member)
                    try await expectChangeSeen("killed\(member)", backend, watched)
                    try etcd.start(member)
                    try await etcd.waitUntilReady(member)
                }
                for member in 0..<3 {
                    etcd.signal(member, SIGSTOP)
                    try await expectChangeSeen("stopped\(member)", backend, watched)
                    etcd.signal(member, SIGCONT)
                    try await etcd.waitUntilReady(member)
                }
                renewing.cancel()
                await renewing.value
                print(
                    "etcd: longest time between renewals with each of 3 members killed and stopped: \(upkeep.longest) ms"
                )
                #expect(!upkeep.hasEnded)
                let tied = try await backend.read("tied").entries
                #expect(tied.first?.session == lease.id)
                watch.cancel()
                await reader.value
            }
        }

        /// Writes until it surely is done, and waits for the watch to tell of it.
        private func expectChangeSeen(_ key: String, _ backend: EtcdBackend, _ watched: WatchedKeys) async throws {
            let isDone = try await eventually(within: .seconds(30)) {
                do {
                    _ = try await backend.transact(
                        [.absent(key: key)],
                        [.put(key: key, value: [1])],
                        reading: [],
                        timeout: .milliseconds(1_000)
                    )
                    return true
                } catch {
                    return false
                }
            }
            #expect(isDone)
            let isSeen = try await eventually(within: .seconds(30)) { await watched.values[key] != nil }
            #expect(isSeen, "\(key) was not seen")
        }

        @Test("With all members gone calls fail in time and say so; when they are back all heals and nothing is missed")
        func allMembersDown() async throws {
            let etcd = try await TestEtcd(members: 3)
            try await with(etcd.endpoints) { backend in
                let lease = try await backend.grantSession(ttl: 60_000, timeout: .seconds(5))
                try await backend.put("before", "1")
                let watched = WatchedKeys()
                let watch = backend.watch("")
                let reader = Task { await watched.follow(watch) }
                #expect(try await eventually { await watched.values.count == 1 })
                for member in 0..<3 { etcd.kill(member) }
                let begun = ContinuousClock.now
                await expectCode(.unavailable) {
                    _ = try await backend.renewSession(lease.id, timeout: .seconds(1))
                }
                await expectCode(.unavailable) {
                    _ = try await backend.read("", isExact: false, timeout: .seconds(1))
                }
                // Nobody took the connection, so nothing was done.
                await expectCode(.unavailable) {
                    let operation = CoordinatorOperation.put(key: "lost", value: [])
                    _ = try await backend.transact([], [operation], reading: [], timeout: .seconds(1))
                }
                #expect(ContinuousClock.now - begun < .seconds(10))
                let isTold = try await eventually { await !watched.interruptions.isEmpty }
                #expect(isTold)
                for member in 0..<3 { try etcd.start(member) }
                for member in 0..<3 { try await etcd.waitUntilReady(member) }
                try await expectChangeSeen("after", backend, watched)
                let values = await watched.values.keys.sorted()
                #expect(values == ["after", "before"])
                // etcd keeps leases, and prolongs them when it has a leader again.
                let renewed = try await backend.renewSession(lease.id, timeout: .seconds(10))
                #expect(renewed.id == lease.id)
                let interruptions = await watched.interruptions.count
                #expect(interruptions == 1, "an outage is told once")
                watch.cancel()
                await reader.value
            }
        }

        @Test("etcd's leader, alone and not yet aware of it, renews nothing that counts and answers nothing")
        func minority() async throws {
            let etcd = try await TestEtcd(members: 3)
            let leader = try await self.leader(of: etcd)
            try await with([etcd.endpoints[leader]]) { backend in
                let lease = try await backend.grantSession(ttl: 30_000, timeout: .seconds(5))
                _ = try await backend.renewSession(lease.id, timeout: .seconds(5))
                for member in 0..<3 where member != leader { etcd.signal(member, SIGSTOP) }
                // By itself it would renew until it notices, and say so.
                for _ in 0..<5 {
                    await expectCode(.unavailable) {
                        _ = try await backend.renewSession(lease.id, timeout: .milliseconds(500))
                    }
                }
                await expectCode(.unavailable) {
                    _ = try await backend.read("", isExact: false, timeout: .milliseconds(500))
                }
                await expectCode(.unknownOutcome) {
                    let operation = CoordinatorOperation.put(key: "maybe", value: [])
                    _ = try await backend.transact([], [operation], reading: [], timeout: .milliseconds(500))
                }
                for member in 0..<3 where member != leader { etcd.signal(member, SIGCONT) }
                let isRenewed = try await eventually(within: .seconds(20)) {
                    (try? await backend.renewSession(lease.id, timeout: .seconds(1))) != nil
                }
                #expect(isRenewed)
            }
        }

        @Test("A change whose answer is lost is of unknown outcome, and never sent twice")
        func lostAnswer() async throws {
            let etcd = try await TestEtcd(members: 1)
            let proxy = try await TestProxy(to: etcd.ports[0].client)
            try await with([proxy.endpoint]) { backend in
                try await backend.put("n", "0")
                let revision = try await backend.read("n").entries[0].revision
                proxy.set(.deaf)
                await expectCode(.unknownOutcome) {
                    let operation = CoordinatorOperation.put(key: "n", value: Array("1".utf8))
                    _ = try await backend.transact([], [operation], reading: [], timeout: .milliseconds(600))
                }
                await expectCode(.unavailable) {
                    _ = try await backend.read("n", isExact: true, timeout: .milliseconds(600))
                }
                proxy.set(.pass)
                let after = try await backend.read("n")
                #expect(after.entries.first?.text == "1")
                #expect(after.entries.first?.revision == revision + 1, "it was sent more than once")
                proxy.set(.refuse)
                await expectCode(.unknownOutcome, or: .unavailable) {
                    let operation = CoordinatorOperation.put(key: "n", value: Array("2".utf8))
                    _ = try await backend.transact([], [operation], reading: [], timeout: .milliseconds(600))
                }
            }
            try await proxy.close()
        }

        @Test("Renewals do not wait behind requests that hang")
        func renewalsHaveTheirOwnConnections() async throws {
            let etcd = try await TestEtcd(members: 1)
            let proxy = try await TestProxy(to: etcd.ports[0].client)
            try await with([proxy.endpoint, etcd.endpoints[0]]) { backend in
                let lease = try await backend.grantSession(ttl: 60_000, timeout: .seconds(5))
                proxy.set(.silent)
                let hanging = (0..<40).map { index in
                    Task {
                        let operation = CoordinatorOperation.put(key: "hang\(index)", value: [])
                        _ = try? await backend.transact([], [operation], reading: [], timeout: .seconds(20))
                    }
                }
                let renewed = try await backend.renewSession(lease.id, timeout: .seconds(3))
                #expect(renewed.id == lease.id)
                for task in hanging { task.cancel() }
                for task in hanging { await task.value }
            }
            try await proxy.close()
        }

        @Test("A watch that was away while etcd compacted its history tells the difference")
        func compaction() async throws {
            let etcd = try await TestEtcd(members: 1)
            let proxy = try await TestProxy(to: etcd.ports[0].client)
            try await with([proxy.endpoint, proxy.endpoint]) { backend in
                let watched = WatchedKeys()
                let watch = backend.watch("")
                let reader = Task { await watched.follow(watch) }
                try await cutAndCompact(etcd, proxy, watched)
                let isSeen = try await eventually { await watched.values["later"] == "1" }
                #expect(isSeen)
                watch.cancel()
                await reader.value
            }
            try await proxy.close()
        }

        /// The watch goes through the proxy, the changes past it.
        private func cutAndCompact(_ etcd: TestEtcd, _ proxy: TestProxy, _ watched: WatchedKeys) async throws {
            try await with(etcd.endpoints) { writing in
                for key in ["gone", "changed", "same"] { try await writing.put(key, "1") }
                let hasAll = try await eventually { await watched.values.count == 3 }
                #expect(hasAll)
                proxy.set(.refuse)
                let isTold = try await eventually { await !watched.interruptions.isEmpty }
                #expect(isTold)
                _ = try await writing.transact([], [.delete(key: "gone")])
                for index in 0..<20 { try await writing.put("changed", "\(index)") }
                let revision = try await writing.put("new", "1")
                let body = #"{"revision":"\#(revision)","physical":true}"#
                try await post("\(etcd.endpoints[0])/v3/kv/compaction", body)
                proxy.set(.pass)
                let expected = ["changed": "19", "same": "1", "new": "1"]
                let isSame = try await eventually { await watched.values == expected }
                #expect(isSame)
                try await writing.put("later", "1")
            }
        }

        /// The number of the member that leads etcd.
        private func leader(of etcd: TestEtcd) async throws -> Int {
            struct Status: Decodable {
                struct Header: Decodable {
                    var memberId: String
                }

                var header: Header
                var leader: String?
            }
            for member in etcd.endpoints.indices {
                let text = try await post("\(etcd.endpoints[member])/v3/maintenance/status", "{}")
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                let status = try decoder.decode(Status.self, from: Data(text.utf8))
                if status.leader == status.header.memberId { return member }
            }
            throw TestFailure("no member leads")
        }

        @discardableResult
        private func post(_ url: String, _ body: String) async throws -> String {
            let folder = try TestFolder()
            let command = ["curl", "-sS", "--fail", "-X", "POST", "-d", body, url]
            let curl = try TestProcess(command, output: "\(folder.path)/curl")
            var code: Int32?
            _ = try await eventually {
                code = curl.ended()
                return code != nil
            }
            guard code == 0 else { throw TestFailure("\(url): \(curl.text)") }
            return curl.text
        }
    }
}
