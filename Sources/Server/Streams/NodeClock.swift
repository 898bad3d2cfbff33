import Model

/// The clocks that drivers go by: the machine's in a node, and in a simulation those of a simulated machine.
package struct NodeClock: Sendable {
    /// Milliseconds since the machine's start, time asleep included: leases, and the age of data.
    package var boot: @Sendable () -> UInt64
    /// Milliseconds that never go back: heartbeats, and whether a peer is silent.
    package var monotonic: @Sendable () -> UInt64

    package init(boot: @escaping @Sendable () -> UInt64, monotonic: @escaping @Sendable () -> UInt64) {
        self.boot = boot
        self.monotonic = monotonic
    }

    package static let system = NodeClock(boot: Clock.bootMilliseconds, monotonic: Clock.monotonicMilliseconds)
}
