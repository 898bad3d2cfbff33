import Model
import NIOCore
import NIOPosix
import Server

/// Makes load: the engine of `shoal bench` and of the console's demonstration traffic.
///
/// Commands are encoded once and sent in batches straight from the event loop; no task, promise or allocation per
/// operation, since the load shares the machine with what it measures.
package struct LoadGenerator: Sendable {
    private let options: LoadOptions

    package init(_ options: LoadOptions) { self.options = options }

    /// Writes, then reads, each until its number of operations is reached. Throws `unreachable` when a leader can't be
    /// reached at the start, or not again within 5 s. Errors the nodes answer with are counted, not thrown.
    package func run() async throws(ClientError) -> LoadReport {
        try await withWorkers { workers, topology in
            var phases: [LoadReport.Phase] = []
            for (name, work, count) in [
                ("write", LoadWorker.Work.writes, options.writes), ("read", .reads, options.reads),
            ]
            where count > 0 {
                let start = ContinuousClock.now
                let tally = try await tally(of: workers) { worker, index in
                    let share = Self.share(of: count, index, of: workers.count)
                    guard let rate = options.rate else { return worker.run(work, count: share) }
                    let pace = Self.share(of: rate, index, of: workers.count)
                    return worker.run(work, count: share, perSecond: max(pace, 1))
                }
                let seconds = (ContinuousClock.now - start) / .seconds(1)
                phases.append(LoadReport.Phase(operation: name, tally: tally, seconds: seconds))
            }
            return LoadReport(
                target: "\(options.target)",
                protocol: options.wire.rawValue,
                nodes: topology.leaders.count,
                concurrency: connectionCount(topology),
                pipeline: options.pipeline,
                valueSize: options.valueSize,
                keySpace: options.keySpace,
                phases: phases
            )
        }
    }

    /// Sends `traffic` until the task is cancelled. Nodes may go away and come back meanwhile. Throws only if the
    /// cluster can't be reached at the start.
    package func run(_ traffic: DemoTraffic) async throws(ClientError) {
        try await withWorkers { workers, _ in
            _ = try await withTaskCancellationHandler {
                try await tally(of: workers) { worker, index in
                    worker.runForever(
                        .mixed(writePercent: traffic.writePercent),
                        perSecond: Self.share(of: traffic.operationsPerSecond, index, of: workers.count)
                    )
                }
            } onCancel: {
                for worker in workers { worker.eventLoop.execute { worker.value.stop() } }
            }
        }
    }

    /// Connects, runs `body`, closes everything again.
    private func withWorkers<Outcome: Sendable>(
        _ body: ([NIOLoopBound<LoadWorker>], LoadTopology) async throws -> Outcome
    ) async throws(ClientError) -> Outcome {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(options.threads, 1))
        var workers: [NIOLoopBound<LoadWorker>] = []
        let outcome: Result<Outcome, any Error>
        do {
            let topology = try await LoadTopology.discover(target: options.target, group: group)
            for index in 0..<max(options.threads, 1) {
                workers.append(try await worker(index, on: group.next(), topology))
            }
            try await connect(workers, topology)
            outcome = .success(try await body(workers, topology))
        } catch {
            outcome = .failure(error)
        }
        for worker in workers { try? await worker.eventLoop.flatSubmit { worker.value.stop() }.get() }
        try? await group.shutdownGracefully()
        do {
            return try outcome.get()
        } catch {
            throw LoadFailure.clientError(error, address: options.target)
        }
    }

    private func worker(
        _ index: Int,
        on loop: any EventLoop,
        _ topology: LoadTopology
    ) async throws -> NIOLoopBound<LoadWorker> {
        let options = options
        return try await loop.submit {
            let seed = options.seed &+ UInt64(index) &* 0x2545_F491_4F6C_DD1D
            return NIOLoopBound(
                LoadWorker(loop: loop, options: options, topology: topology, seed: seed),
                eventLoop: loop
            )
        }.get()
    }

    private func connect(_ workers: [NIOLoopBound<LoadWorker>], _ topology: LoadTopology) async throws {
        var first = 0
        for (index, worker) in workers.enumerated() {
            let count = Self.share(of: connectionCount(topology), index, of: workers.count)
            let firstLeader = first
            try await worker.eventLoop.flatSubmit { worker.value.connect(count: count, firstLeader: firstLeader) }.get()
            first += count
        }
    }

    /// Starts all workers and adds up what they have counted.
    private func tally(
        of workers: [NIOLoopBound<LoadWorker>],
        _ start: @escaping @Sendable (LoadWorker, Int) -> EventLoopFuture<LoadTally>
    ) async throws -> LoadTally {
        let futures = workers.enumerated().map { index, worker in
            worker.eventLoop.flatSubmit { start(worker.value, index) }
        }
        var sum = LoadTally()
        for future in futures { sum.add(try await future.get()) }
        return sum
    }

    /// Each event loop needs a connection to each leader: it can send that leader's keys only there.
    private func connectionCount(_ topology: LoadTopology) -> Int {
        max(options.concurrency, topology.leaders.count * max(options.threads, 1))
    }

    private static func share(of total: Int, _ index: Int, of parts: Int) -> Int {
        total / parts + (index < total % parts ? 1 : 0)
    }
}

/// Turns what comes out of futures into the clients' error.
enum LoadFailure {
    static func clientError(_ error: any Error, address: NodeAddress) -> ClientError {
        (error as? ClientError) ?? ConnectFailure.clientError(error, address: address)
    }
}
