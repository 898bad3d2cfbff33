import Dispatch
import Glibc
import Logging
import Model
import NIOCore
import NIOPosix
import Node
import Server
import Storage

/// Runs one node until SIGTERM or SIGINT, then stops it cleanly.
func runNode(_ options: NodeOptions) async throws {
    let configuration: NodeConfiguration
    do {
        configuration = try NodeConfiguration(
            cluster: options.config,
            shard: options.shard,
            address: options.address,
            listenAddress: options.listenAddress,
            isReplica: options.isReplica,
            folder: options.location,
            engine: options.engine,
            durability: options.durability,
            adopt: options.adopt
        )
    } catch {
        throw CommandFailure(.usage, error.message)
    }
    // A closed terminal must not end a node that was started from it, nor a client that went away.
    signal(SIGHUP, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
    // Sent by mistake, or by a supervisor that knows other programs: no reason to end.
    for number in [SIGUSR1, SIGUSR2, SIGALRM] { signal(number, SIG_IGN) }
    let signals = EndingSignals([SIGTERM, SIGINT])
    let logger = Logger(label: "shoal") { StreamLogHandler.standardError(label: $0) }
    let node = try Node(configuration, group: EventLoops.shared, control: EventLoops.control, logger: logger)
    do {
        try await node.start()
    } catch {
        throw CommandFailure(.failed, error.message)
    }
    // A shard that can't be opened the first time is a mistake of the one who started it: say it and end. Later
    // failures leave the address up, so that status tells what is wrong.
    let phase = await node.waitUntilOpened()
    if phase == .failed {
        let reason = node.status().message
        await node.stop()
        throw CommandFailure(.failed, reason)
    }
    let signal = await signals.first()
    logger.info("stopping", metadata: ["signal": "\(signal)"])
    await node.stop()
}

enum EventLoops {
    /// Half of the cores: the other half is for the appliers, the engines' own threads and the kernel's network work.
    static let count = max(1, min(System.coreCount / 2, 8))
    static let shared = MultiThreadedEventLoopGroup(numberOfThreads: count)
    /// For leases, elections and replicas' links: nothing there waits for a disk.
    static let control = MultiThreadedEventLoopGroup(numberOfThreads: 1)
}

/// Signals as something to wait for, whichever thread they arrive on.
final class EndingSignals {
    /// Each one that comes, while this object lives.
    let arrivals: AsyncStream<Int32>
    private let sources: [any DispatchSourceSignal]

    init(_ numbers: [Int32]) {
        let (arrivals, continuation) = AsyncStream<Int32>.makeStream()
        self.arrivals = arrivals
        sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
    }

    /// Ends the process as a program does that this signal ends, so that scripts see it.
    static func end(with number: Int32) -> Never {
        signal(number, SIG_DFL)
        // Dispatch's threads, which the main actor runs on here, have signals blocked: it would stay pending for ever.
        var only = sigset_t()
        sigemptyset(&only)
        sigaddset(&only, number)
        pthread_sigmask(SIG_UNBLOCK, &only, nil)
        raise(number)
        exit(128 + number)
    }

    /// The first one that comes.
    func first() async -> Int32 {
        for await number in arrivals { return number }
        return SIGTERM
    }
}
