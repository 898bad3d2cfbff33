import Server

/// A thread of a simulated process for work that waits for a disk: each step is an event, and takes its time.
final class SimulatedQueue: JobQueue, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    private let loop: SimulatedLoop
    /// How long the next step takes, in microseconds.
    private let delay: () -> UInt64
    private let onEnd: () -> Void
    private typealias Job = (_ done: @escaping @Sendable () -> Void) -> Void
    private var jobs: [Job] = []
    private var isBusy = false
    private var isClosing = false
    private var ending: (@Sendable () -> Void)?

    init(loop: SimulatedLoop, delay: @escaping () -> UInt64, onEnd: @escaping () -> Void) {
        self.loop = loop
        self.delay = delay
        self.onEnd = onEnd
    }

    @discardableResult
    func add(steps: [@Sendable () -> Void]) -> Bool {
        add { [weak self] done in self?.run(steps[...], done) }
    }

    @discardableResult
    func add(job: @escaping @Sendable (_ done: @escaping @Sendable () -> Void) -> Void) -> Bool {
        guard !isClosing else { return false }
        jobs.append { [weak self] done in self?.loop.after(self?.delay() ?? 0) { job(done) } }
        next()
        return true
    }

    func close() { preconditionFailure("nothing blocks in simulated time") }

    func close(then done: @escaping @Sendable () -> Void) {
        guard !isClosing else { return done() }
        isClosing = true
        ending = done
        next()
    }

    private func next() {
        guard !isBusy else { return }
        guard !jobs.isEmpty else {
            guard let ending else { return }
            self.ending = nil
            onEnd()
            return ending()
        }
        isBusy = true
        let job = jobs.removeFirst()
        job { [weak self] in
            self?.isBusy = false
            self?.next()
        }
    }

    private func run(_ steps: ArraySlice<@Sendable () -> Void>, _ done: @escaping @Sendable () -> Void) {
        guard let first = steps.first else { return done() }
        first()
        loop.after(delay()) { [weak self] in self?.run(steps.dropFirst(), done) }
    }
}
