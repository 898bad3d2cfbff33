import Glibc

/// A thread that can be joined. The store's background work blocks on disk, so it has no place on an event loop
/// or in the cooperative pool.
package final class StoreThread: @unchecked Sendable {
    // Sendable: `handle` is written once in `init` and read once in `join`.
    private var handle = pthread_t()

    package init(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Body(run: body))
        let code = pthread_create(
            &handle,
            nil,
            { argument in
                guard let argument else { return nil }
                let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                body.run()
                return nil
            },
            box.toOpaque()
        )
        precondition(code == 0, "the system refused a thread (\(code)); raise the limit of processes (ulimit -u)")
    }

    /// Lets the loops and the commit go first on a machine whose cores are all busy: for the calling thread, which does
    /// work that can wait. A refusal costs latency only.
    static func yieldToOthers() { setpriority(Int32(PRIO_PROCESS.rawValue), 0, backgroundNiceness) }

    /// As far down as background work commonly is (`nice` alone would be 10).
    private static let backgroundNiceness: Int32 = 5

    package func join() { pthread_join(handle, nil) }

    /// For a thread that ends by itself, instead of `join`.
    package func detach() { pthread_detach(handle) }

    private final class Body: Sendable {
        let run: @Sendable () -> Void

        init(run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
