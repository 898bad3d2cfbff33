import Coordination
import Foundation
import Model
import Routing
import Storage
import TestSupport
import Testing

extension CoordinationSuite {
    /// What only `local` has: several processes on one file, processes that die or stop with it.
    @Suite(.serialized) struct LocalCoordinatorTests {
        private let folder: TestFolder
        private var path: String { folder.path + "/coordinator" }

        init() throws { folder = try TestFolder() }

        private func peer(_ words: String...) throws -> TestProcess {
            let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
            let binary = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(
                "CoordinationTestPeer"
            )
            let command = [binary.path, words[0], path] + words.dropFirst()
            return try TestProcess(command, output: "\(folder.path)/peer-\(UUID().uuidString)")
        }

        private func withBackend(_ body: (LocalBackend) async throws -> Void) async throws {
            let backend = try LocalBackend(folder: path)
            do {
                try await body(backend)
            } catch {
                await backend.close()
                throw error
            }
            await backend.close()
        }

        @Test("Several processes swap one value without losing a change")
        func severalProcesses() async throws {
            try await withBackend { backend in
                try await backend.put("n", "0")
                let peers = try (0..<4).map { _ in try peer("raise", "n", "50") }
                for peer in peers {
                    let isDone = try await eventually(within: .seconds(60)) { peer.ended() == 0 }
                    #expect(isDone, "\(peer.text)")
                }
                let entries = try await backend.read("n").entries
                #expect(entries.first?.text == "200")
            }
        }

        @Test("The session of a process that was killed ends after its time, for everybody")
        func sessionOfKilled() async throws {
            try await withBackend { backend in
                let holder = try peer("session", "2000", "held/key")
                try await holder.waitForText("session ")
                let watched = WatchedKeys()
                let watch = backend.watch("held/")
                let reader = Task { await watched.follow(watch) }
                #expect(try await eventually { await watched.values == ["held/key": "held"] })
                let killedAt = BootClock.milliseconds()
                holder.end()
                #expect(try await eventually { await watched.values.isEmpty })
                let took = BootClock.milliseconds() - killedAt
                print("local: a killed process's key vanished \(took) ms after the kill (TTL 2000 ms)")
                #expect(took < 10_000)
                watch.cancel()
                await reader.value
            }
        }

        @Test("A process killed in the middle of a transaction leaves neither a change nor a lock behind")
        func killedInTransaction() async throws {
            try await withBackend { backend in
                try await backend.put("a", "1")
                let dying = try peer("die")
                #expect(try await eventually { dying.ended() == 128 + SIGKILL })
                try await backend.put("a", "2")
                let entries = try await backend.read("").entries
                #expect(entries.map(\.key) == ["a"] && entries.first?.text == "2")
            }
        }

        @Test("A process stopped with the lock makes changes fail in time, naming it; reads and renewals go on")
        func stoppedWithLock() async throws {
            try await withBackend { backend in
                try await backend.put("a", "1")
                let session = try await backend.grantSession(ttl: 60_000, timeout: .seconds(5))
                let holder = try peer("hold")
                try await holder.waitForText("holding")
                holder.signal(SIGSTOP)
                let begun = ContinuousClock.now
                // Not begun, so surely not done: no unknown outcome.
                do throws(CoordinationError) {
                    let operation = CoordinatorOperation.put(key: "a", value: [9])
                    _ = try await backend.transact([], [operation], reading: [], timeout: .milliseconds(300))
                    Issue.record("written although the lock is held")
                } catch {
                    #expect(error.code == .unavailable)
                    #expect(error.message.contains("\(holder.pid)") && error.message.contains("kill -CONT"), "\(error)")
                }
                #expect(ContinuousClock.now - begun < .seconds(10))
                // A renewal waits for no change, however long that takes: for another process or for a slow disk.
                let renewed = try await backend.renewSession(session.id, timeout: .seconds(10))
                #expect(renewed.id == session.id)
                let meanwhile = try await backend.read("a").entries
                #expect(meanwhile.first?.text == "1")
                holder.end()
                try await backend.put("b", "1")
                let entries = try await backend.read("a").entries
                #expect(entries.first?.text == "1", "a call that timed out was done after all")
            }
        }

        @Test("A process stopped with the sessions' lock makes renewals fail in time, naming it; changes go on")
        func stoppedWithSessions() async throws {
            try await withBackend { backend in
                try await backend.put("a", "1")
                let session = try await backend.grantSession(ttl: 60_000, timeout: .seconds(5))
                let holder = try peer("hold-sessions")
                try await holder.waitForText("holding")
                holder.signal(SIGSTOP)
                do throws(CoordinationError) {
                    _ = try await backend.renewSession(session.id, timeout: .milliseconds(300))
                    Issue.record("renewed although the lock is held")
                } catch {
                    #expect(error.code == .unavailable)
                    #expect(error.message.contains("\(holder.pid)") && error.message.contains("kill -CONT"), "\(error)")
                }
                try await backend.put("a", "2", session: session.id)
                holder.end()
                let renewed = try await backend.renewSession(session.id, timeout: .seconds(10))
                #expect(renewed.id == session.id)
            }
        }

        @Test("A session whose time is over can't be renewed, whoever notices first")
        func renewedTooLate() async throws {
            try await withBackend { backend in
                let session = try await backend.grantSession(ttl: 2_000, timeout: .seconds(5))
                try await backend.put("tied", "1", session: session.id)
                // The lock keeps everybody from taking note of it.
                let holder = try peer("hold")
                try await holder.waitForText("holding")
                let isOver = try await eventually { BootClock.milliseconds() >= session.sentAt + 2_100 }
                #expect(isOver)
                await expectCode(.sessionEnded) {
                    _ = try await backend.renewSession(session.id, timeout: .seconds(5))
                }
                holder.end()
                #expect(try await eventually { try await backend.read("tied").entries.isEmpty })
            }
        }

        @Test("A cancelled task's call ends at once and changes nothing")
        func cancels() async throws {
            try await withBackend { backend in
                try await backend.put("a", "1")
                let holder = try peer("hold")
                try await holder.waitForText("holding")
                let call = Task { try await backend.put("a", "2") }
                call.cancel()
                await expectCode(.cancelled) { _ = try await call.value }
                holder.end()
                try await backend.put("b", "1")
                let entries = try await backend.read("a").entries
                #expect(entries.first?.text == "1")
            }
        }

        @Test("Clients of one process share the file; the last to close lets it go, and it can be opened again")
        func sharesFile() async throws {
            let first = try LocalBackend(folder: path)
            let second = try LocalBackend(folder: path + "/../coordinator")
            try await first.put("a", "1")
            await first.close()
            let entries = try await second.read("a").entries
            #expect(entries.first?.text == "1")
            await second.close()
            for round in 0..<20 {
                let again = try LocalBackend(folder: path)
                try await again.put("round", "\(round)")
                await again.close()
            }
        }

        @Test("Sessions of an earlier boot are over, their keys gone, before anything is read")
        func otherBoot() async throws {
            try await withBackend { backend in
                let session = try await backend.grantSession(ttl: 60_000, timeout: .seconds(5))
                try await backend.put("tied", "1", session: session.id)
                try await backend.put("stays", "1")
            }
            // What the sessions of another boot are kept under is another name; nobody may open it, it may be damaged.
            let sessions = "\(path)/sessions"
            try FileManager.default.moveItem(
                atPath: "\(sessions)/\(BootClock.bootID() ?? "")",
                toPath: "\(sessions)/earlier"
            )
            try Data("damaged".utf8).write(to: URL(fileURLWithPath: "\(sessions)/earlier/data.mdb"))
            let reopened = try peer("raise", "stays", "1")
            let isDone = try await eventually { reopened.ended() == 0 }
            #expect(isDone, "\(reopened.text)")
            try await withBackend { backend in
                let entries = try await backend.read("").entries
                #expect(entries.map(\.key) == ["stays"])
            }
            #expect(!FileManager.default.fileExists(atPath: "\(sessions)/earlier"))
        }

        @Test("A file of another format is refused")
        func otherFormat() async throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            do {
                let transaction = try SharedTable(folder: path).beginWrite()
                try transaction.put(Array("f".utf8), Array("shoal coordinator 9".utf8))
                try transaction.commit()
            }
            try await withBackend { backend in
                await expectCode(.corrupt) { try await backend.put("a", "1") }
                await expectCode(.corrupt) { _ = try await backend.read("a") }
            }
        }

        @Test("Addresses of other machines are refused")
        func notLocal() async throws {
            var config = ClusterConfig(shards: [
                ShardConfig(name: "shard0", index: 0, address: try NodeAddress("192.0.2.7:8080"))
            ])
            config.dataDirectory = folder.path
            await expectCode(.notLocal) { _ = try LocalBackend(config: config) }
        }

        @Test("A change in one process is seen in another within milliseconds, and waiting costs next to nothing")
        func latency() async throws {
            try await withBackend { backend in
                let echo = try peer("echo")
                try await echo.waitForText("listening")
                let watch = backend.watch("pong")
                var rounds: [Duration] = []
                let events = watch.makeAsyncIterator()
                _ = await events.next()
                for round in 0..<50 {
                    let begun = ContinuousClock.now
                    try await backend.put("ping", "\(round)")
                    while let event = await events.next() {
                        guard case .changes(let changes, _) = event else { continue }
                        if changes.contains(where: {
                            if case .put(let entry) = $0 { entry.text == "\(round)" } else { false }
                        }) {
                            break
                        }
                    }
                    rounds.append(ContinuousClock.now - begun)
                }
                watch.cancel()
                rounds.sort()
                print("local: there and back, two transactions and two watches: p50 \(rounds[25]), max \(rounds[49])")
                // Far below the look of its own every 250 ms: the notification works.
                #expect(rounds[25] < .milliseconds(150))
                let idle = try Self.processorMilliseconds(echo.pid)
                let from = ContinuousClock.now
                _ = try await eventually(within: .seconds(3)) { false }
                let used = try Self.processorMilliseconds(echo.pid) - idle
                print("local: an idle process with a watch used \(used) ms of a core in \(ContinuousClock.now - from)")
                #expect(used < 300)
            }
        }

        /// User and system time of a process so far, in milliseconds.
        private static func processorMilliseconds(_ pid: pid_t) throws -> Int {
            let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
            guard let end = text.lastIndex(of: ")") else { throw TestFailure("no stat of \(pid)") }
            let fields = text[end...].split(separator: " ")
            let ticks = (Int(fields[12]) ?? 0) + (Int(fields[13]) ?? 0)
            return ticks * 1000 / sysconf(Int32(_SC_CLK_TCK))
        }
    }
}
