import Dispatch
import NIOCore

/// An event loop in simulated time, one per simulated process: what drivers put on it becomes an event of the simulation.
///
/// It can be frozen, as by SIGSTOP, and killed: then nothing of it ever runs again. Whoever runs code for the process runs
/// it through `run`. A wait for a future on it is a programming error, as on every loop, and ends the test.
final class SimulatedLoop: EventLoop, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    enum State { case running, frozen, dead }

    private let time: () -> UInt64
    private let schedule: (UInt64, @escaping () -> Void) -> Void
    private let lateness: () -> UInt64
    private var deferred: [() -> Void] = []
    private(set) var state = State.running
    /// Timers that were set with a delay, and have neither run nor been cancelled.
    private(set) var timers = 0

    /// - Parameters:
    ///   - time: true time in microseconds.
    ///   - schedule: has the simulation call the closure at that time.
    ///   - lateness: microseconds by which a timer is late; asked for each.
    init(
        time: @escaping () -> UInt64,
        schedule: @escaping (UInt64, @escaping () -> Void) -> Void,
        lateness: @escaping () -> UInt64 = { 0 }
    ) {
        self.time = time
        self.schedule = schedule
        self.lateness = lateness
    }

    // MARK: The process

    /// Runs the closure now; once it goes on, if the process is frozen; never, if it is dead.
    func run(_ body: @escaping () -> Void) {
        switch state {
        case .running where deferred.isEmpty: body()
        case .running, .frozen: deferred.append(body)
        case .dead: break
        }
    }

    func freeze() { if state == .running { state = .frozen } }

    /// Everything that has become due meanwhile runs, in order.
    func thaw() {
        guard state == .frozen else { return }
        state = .running
        while state == .running, let body = deferred.first {
            deferred.removeFirst()
            body()
        }
    }

    func kill() {
        state = .dead
        deferred = []
    }

    /// The same after some microseconds of true time.
    func after(_ microseconds: UInt64, _ body: @escaping () -> Void) {
        guard state != .dead else { return }
        schedule(time() + microseconds) { [weak self] in self?.run(body) }
    }

    /// A promise that fails when nobody is left who could keep it: processes die with much under way.
    func makeMortalPromise<T>(of type: T.Type = T.self) -> MortalPromise<T> { MortalPromise(makePromise()) }

    // MARK: EventLoop

    var inEventLoop: Bool { true }

    var now: NIODeadline { .uptimeNanoseconds(state == .dead ? 0 : time() * 1_000) }

    func execute(_ task: @escaping @Sendable () -> Void) { after(0, task) }

    func submit<T>(_ task: @escaping @Sendable () throws -> T) -> EventLoopFuture<T> {
        let promise = makeMortalPromise(of: T.self)
        after(0) { promise.keep(task) }
        return promise.futureResult
    }

    func scheduleTask<T>(in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        scheduleTask(deadline: now + delay, task)
    }

    func scheduleTask<T>(deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T) -> Scheduled<T> {
        let promise = makeMortalPromise(of: T.self)
        let timer = Timer()
        let scheduled = Scheduled(promise: promise.promise) { [weak self] in self?.settle(timer) }
        guard state != .dead else { return scheduled }
        timers += 1
        let due = max(time(), (deadline.uptimeNanoseconds + 999) / 1_000) + lateness()
        schedule(due) { [weak self] in
            self?.run { if self?.settle(timer) ?? false { promise.keep(task) } }
        }
        return scheduled
    }

    /// - Returns: whether it was still to run.
    @discardableResult
    private func settle(_ timer: Timer) -> Bool {
        guard !timer.isSettled else { return false }
        timer.isSettled = true
        timers -= 1
        return true
    }

    func shutdownGracefully(queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void) {
        callback(nil)
    }

    private final class Timer: @unchecked Sendable {
        // Sendable: confined like its loop.
        var isSettled = false
    }
}

/// See `SimulatedLoop.makeMortalPromise`.
final class MortalPromise<T>: @unchecked Sendable {
    // Sendable: confined like its loop.
    let promise: EventLoopPromise<T>

    init(_ promise: EventLoopPromise<T>) { self.promise = promise }

    // Nothing happens if it has been kept.
    deinit { promise.fail(EventLoopError.shutdown) }

    var futureResult: EventLoopFuture<T> { promise.futureResult }

    func keep(_ body: () throws -> T) {
        do { promise.assumeIsolated().succeed(try body()) } catch { promise.fail(error) }
    }
}
