import FoundationEssentials
import NIOCore

/// Keeps one watch fed: reads, then follows from that revision on, at whichever endpoint answers.
struct EtcdFollower: Sendable {
    /// Between attempts that fail, doubling.
    private static let pauseMin: Duration = .milliseconds(50)
    private static let pauseMax: Duration = .seconds(1)
    private static let readTimeout: Duration = .seconds(2)

    let backend: EtcdBackend
    let watch: CoordinatorWatch

    private enum Ending: Error {
        case failed(EtcdFailure)
        /// Silence after a good beginning, or a closed stream: go on from the same revision.
        case quiet
        /// What is behind the revision is gone: read anew.
        case compacted
    }

    /// Until the watch ends or the task is cancelled.
    func run() async {
        // Everything up to here has been told; nil: read first.
        var revision: UInt64?
        var endpoint = backend.client.endpoint
        var failures = 0
        while !Task.isCancelled, !watch.isEnded {
            do throws(Ending) {
                let start = try await begin(revision)
                revision = start
                try await follow(from: start, at: endpoint, &revision) { failures = 0 }
            } catch {
                switch error {
                case .compacted: revision = nil
                case .quiet: break
                case .failed(let failure):
                    failures += 1
                    await rest(failures, failure)
                }
                endpoint = (endpoint + 1) % backend.client.settings.endpoints.count
            }
        }
        watch.cancel()
    }

    /// Says so once every endpoint had its chance, and waits.
    private func rest(_ failures: Int, _ failure: EtcdFailure) async {
        let count = backend.client.settings.endpoints.count
        guard failures >= count, !Task.isCancelled else { return }
        if failures > count || count == 1 {
            let what = "watching \(watch.prefix)"
            watch.interrupt(CoordinationError(failure, place: backend.place, what: what, isChange: false))
        }
        let doublings = min(5, failures - count)
        await CoordinationLoop.pause(min(Self.pauseMax, Self.pauseMin * (1 << doublings)))
    }

    private func begin(_ revision: UInt64?) async throws(Ending) -> UInt64 {
        if let revision { return revision }
        let request = Etcd.RangeRequest(key: backend.name(watch.prefix), range_end: backend.end(watch.prefix))
        do throws(EtcdFailure) {
            let answer = try await backend.client.send(
                "/v3/kv/range",
                request,
                Etcd.RangeResponse.self,
                isRepeatable: true,
                timeout: Self.readTimeout
            )
            let range = backend.range(answer)
            watch.replace(with: range)
            return range.revision
        } catch {
            throw .failed(error)
        }
    }

    private func follow(
        from start: UInt64,
        at endpoint: Int,
        _ revision: inout UInt64?,
        onBegin: () -> Void
    ) async throws(Ending) {
        let create = Etcd.WatchRequest.Create(
            key: backend.name(watch.prefix),
            range_end: backend.end(watch.prefix),
            start_revision: Etcd.Number(start + 1)
        )
        var isBegun = false
        do throws(EtcdFailure) {
            var lines = try await backend.client.stream(
                "/v3/watch",
                Etcd.WatchRequest(create_request: create),
                endpoint: endpoint,
                deadline: .now() + TimeAmount(Self.readTimeout)
            )
            while let answer = try await lines.next(Etcd.WatchResponse.self) {
                if answer.canceled ?? false {
                    if answer.compact_revision?.value ?? 0 > 0 {
                        throw .refused(code: EtcdFailure.Code.outOfRange, message: "")
                    }
                    throw .refused(code: EtcdFailure.Code.unavailable, message: answer.cancel_reason ?? "watch ended")
                }
                if !isBegun {
                    isBegun = true
                    onBegin()
                    watch.resume()
                }
                revision = tell(answer, after: revision)
            }
        } catch {
            if case .refused(EtcdFailure.Code.outOfRange, _) = error { throw .compacted }
            if case .noAnswer = error, isBegun { throw .quiet }
            throw .failed(error)
        }
        throw .quiet
    }

    private func tell(_ answer: Etcd.WatchResponse, after revision: UInt64?) -> UInt64? {
        guard let events = answer.events, !events.isEmpty else { return revision }
        let changes = events.map { event -> CoordinatorWatch.Change in
            if event.type == "DELETE" {
                return .deleted(key: backend.key(event.kv), revision: event.kv.mod_revision?.value ?? 0)
            }
            return .put(backend.entry(event.kv))
        }
        let newest = events.map { $0.kv.mod_revision?.value ?? 0 }.max() ?? 0
        watch.apply(changes, revision: newest)
        return max(revision ?? 0, newest)
    }
}
