import Coordination
import Routing
import Synchronization
import TestSupport
import Testing

/// A coordinator of one kind, fresh for one test, and clients of it.
struct CoordinatorGround: Sendable {
    let kind: CoordinatorKind
    private let folder: TestFolder
    private let etcd: TestEtcd?

    /// A healthy etcd leaves the outcome of a change open now and then: its gateway said "unexpected EOF" once in some
    /// thousand tests. What callers make of that is for `LostAnswerTests`; here it says nothing about the coordinator.
    private static let triesMax = 3

    /// Runs `body` on a new coordinator and takes everything down after it; once more on another one when etcd left an
    /// outcome open.
    static func with(_ kind: CoordinatorKind, _ body: (CoordinatorGround) async throws -> Void) async throws {
        for attempt in 1...triesMax {
            let folder = try TestFolder()
            let etcd = kind == .etcd ? try await TestEtcd(members: 1) : nil
            do {
                return try await body(CoordinatorGround(kind: kind, folder: folder, etcd: etcd))
            } catch let error as CoordinationError where error.code == .unknownOutcome && etcd != nil {
                guard attempt < triesMax else { throw error }
                print("etcd left an outcome open, on another one: \(error)")
            }
        }
    }

    /// Runs `body` with a client of its own.
    func withBackend<R>(
        cluster: String = "contract",
        _ body: (any CoordinatorBackend) async throws -> R
    ) async throws -> R {
        let backend: any CoordinatorBackend
        if let etcd {
            backend = try EtcdBackend(cluster: cluster, settings: etcd.settings)
        } else {
            backend = try LocalBackend(folder: "\(folder.path)/\(cluster)/coordinator")
        }
        do {
            let result = try await body(backend)
            await backend.close()
            return result
        } catch {
            await backend.close()
            throw error
        }
    }
}

extension CoordinatorBackend {
    /// The suite's own bound: tests share two cores with much else.
    static var patience: Duration { .seconds(10) }

    func read(_ prefix: String, isExact: Bool = false) async throws -> CoordinatorRange {
        try await read(prefix, isExact: isExact, timeout: Self.patience)
    }

    func transact(
        _ compares: [CoordinatorCompare] = [],
        _ operations: [CoordinatorOperation],
        reading: [String] = []
    ) async throws -> CoordinatorOutcome {
        try await transact(compares, operations, reading: reading, timeout: Self.patience)
    }

    /// Writes a key, whatever was there.
    @discardableResult
    func put(_ key: String, _ text: String, session: String? = nil) async throws -> UInt64 {
        let outcome = try await transact([], [.put(key: key, value: Array(text.utf8), session: session)])
        guard case .committed(let revision, _) = outcome else { throw TestFailure("a put can't conflict: \(outcome)") }
        return revision
    }
}

extension CoordinatorEntry {
    var text: String { String(decoding: value, as: UTF8.self) }
}

/// What a watch has told, put together.
actor WatchedKeys {
    private(set) var values: [String: String] = [:]
    private(set) var revision: UInt64 = 0
    private(set) var interruptions: [CoordinationError] = []
    private(set) var isEnded = false

    /// Collects until the watch ends.
    func follow(_ watch: CoordinatorWatch) async {
        for await event in watch { take(event) }
        isEnded = true
    }

    private func take(_ event: CoordinatorWatch.Event) {
        switch event {
        case .interrupted(let error): interruptions.append(error)
        case .changes(let changes, let revision):
            self.revision = max(self.revision, revision)
            for change in changes {
                switch change {
                case .put(let entry): values[entry.key] = entry.text
                case .deleted(let key, _): values[key] = nil
                }
            }
        }
    }
}

/// `body` must fail with that code, or the other one.
func expectCode(
    _ code: CoordinationError.Code,
    or other: CoordinationError.Code? = nil,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("expected \(code), but it went well", sourceLocation: sourceLocation)
    } catch let error as CoordinationError {
        #expect(error.code == code || error.code == other, "\(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record(error, sourceLocation: sourceLocation)
    }
}

/// A number that tasks raise.
final class TestCounter: Sendable {
    private let number = Mutex(0)
    var value: Int { number.withLock { $0 } }
    func raise() { number.withLock { $0 += 1 } }
}
