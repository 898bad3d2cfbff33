import Histogram
import Model
import Synchronization

/// Counts of one event loop, handed to `NodeMetrics` once per second.
struct OperationTally {
    var reads = 0
    var writes = 0
    var readLatency = Histogram<UInt32>(
        highestTrackableValue: OperationTally.latencyMax,
        numberOfSignificantValueDigits: .two
    )
    var writeLatency = Histogram<UInt32>(
        highestTrackableValue: OperationTally.latencyMax,
        numberOfSignificantValueDigits: .two
    )

    /// A minute in microseconds; longer waits count as this.
    static let latencyMax: UInt64 = 60_000_000

    @inline(__always)
    mutating func recordReads(_ count: Int, nanoseconds: UInt64) {
        reads += count
        readLatency.record(min(nanoseconds / 1000, OperationTally.latencyMax), count: UInt32(count))
    }

    @inline(__always)
    mutating func recordWrites(_ count: Int, nanoseconds: UInt64) {
        writes += count
        writeLatency.record(min(nanoseconds / 1000, OperationTally.latencyMax), count: UInt32(count))
    }

    mutating func reset() {
        reads = 0
        writes = 0
        if readLatency.totalCount > 0 { readLatency.reset() }
        if writeLatency.totalCount > 0 { writeLatency.reset() }
    }
}

/// A node's rates and latencies over the last seconds, and totals since its start.
package final class NodeMetrics: Sendable {
    package struct Reading: Sendable {
        package var rates = NodeStatus.Rates()
        package var latency = NodeStatus.Latency()
        /// Commands of any kind, HTTP requests included.
        package var commandsPerSecond = 0
    }

    /// Counts since the node's start, summed over its loops at the moment of asking.
    package struct Totals: Sendable {
        package var connections: UInt64 = 0
        package var connectionsReceived: UInt64 = 0
        package var connectionsRefused: UInt64 = 0
        /// Connections that wait for replicas.
        package var connectionsWaiting: UInt64 = 0
        package var commands: UInt64 = 0
        package var errors: UInt64 = 0
        package var hits: UInt64 = 0
        package var misses: UInt64 = 0
        package var bytesReceived: UInt64 = 0
        package var bytesSent: UInt64 = 0

        package init() {}
    }

    /// Rates and percentiles are those of this many seconds.
    package static let windowSeconds = 2
    /// Percentiles of a node without traffic go back to zero after this.
    private static let latencyKeptMilliseconds: UInt64 = 10_000

    private struct State {
        var reading = Reading()
        var reads = 0
        var writes = 0
        var readLatency: Histogram<UInt32>
        var writeLatency: Histogram<UInt32>
        /// Of writes since `takeRecentWrites`, or since the window began.
        var recentWrites: Histogram<UInt32>
        var windowStart: UInt64
        var readsSeenAt: UInt64 = 0
        var writesSeenAt: UInt64 = 0
        var commandsAtStart: UInt64 = 0
        var counters: [LoopCounters] = []
    }

    private let state: Mutex<State>

    package let slow = SlowLog()

    package init() {
        let empty = OperationTally()
        state = Mutex(
            State(
                readLatency: empty.readLatency,
                writeLatency: empty.writeLatency,
                recentWrites: empty.writeLatency,
                windowStart: Clock.monotonicMilliseconds()
            )
        )
    }

    /// A loop that serves the node from now on; its counts stay part of the totals.
    func add(_ counters: LoopCounters) { state.withLock { $0.counters.append(counters) } }

    func merge(_ tally: OperationTally) {
        state.withLock { state in
            state.reads += tally.reads
            state.writes += tally.writes
            if tally.reads > 0 { state.readLatency.add(tally.readLatency) }
            if tally.writes > 0 {
                state.writeLatency.add(tally.writeLatency)
                state.recentWrites.add(tally.writeLatency)
            }
            NodeMetrics.closeWindow(&state)
        }
    }

    /// Writes that loops have handed on since the call before, within one window at the most: their 99th percentile in
    /// microseconds, and how many they are. For one caller.
    package func takeRecentWrites() -> (p99: UInt64, count: Int) {
        state.withLock { state in
            let count = Int(clamping: state.recentWrites.totalCount)
            guard count > 0 else { return (0, 0) }
            defer { state.recentWrites.reset() }
            return (state.recentWrites.valueAtPercentile(99), count)
        }
    }

    package func reading() -> Reading { state.withLock { $0.reading } }

    /// Any thread; never more than a moment behind.
    package func totals() -> Totals { Self.sum(state.withLock { $0.counters }) }

    private static func sum(_ counters: [LoopCounters]) -> Totals {
        counters.reduce(into: Totals()) { totals, loop in
            // In this order: a connection that leaves in between must not make the difference negative.
            let left = loop.connectionsLeft.total
            let ended = loop.waitsEnded.total
            totals.connectionsReceived += loop.connectionsReceived.total
            totals.connectionsRefused += loop.connectionsRefused.total
            totals.connections += loop.connectionsReceived.total - left
            totals.connectionsWaiting += loop.waitsBegun.total - ended
            totals.commands += loop.commands.total
            totals.errors += loop.errors.total
            totals.hits += loop.hits.total
            totals.misses += loop.misses.total
            totals.bytesReceived += loop.bytesReceived.total
            totals.bytesSent += loop.bytesSent.total
        }
    }

    private static func closeWindow(_ state: inout State) {
        let now = Clock.monotonicMilliseconds()
        let elapsed = now - state.windowStart
        guard elapsed >= UInt64(windowSeconds * 1000 - 100) else { return }
        state.reading.rates = NodeStatus.Rates(
            read: state.reads * 1000 / Int(elapsed),
            write: state.writes * 1000 / Int(elapsed)
        )
        let commands = sum(state.counters).commands
        state.reading.commandsPerSecond = Int((commands - state.commandsAtStart) * 1000 / elapsed)
        state.commandsAtStart = commands
        if state.reads > 0 {
            state.readsSeenAt = now
            state.reading.latency.read = percentiles(state.readLatency)
            state.readLatency.reset()
        } else if now - state.readsSeenAt > latencyKeptMilliseconds {
            state.reading.latency.read = NodeStatus.Percentiles()
        }
        if state.writes > 0 {
            state.writesSeenAt = now
            state.recentWrites.reset()
            state.reading.latency.write = percentiles(state.writeLatency)
            state.writeLatency.reset()
        } else if now - state.writesSeenAt > latencyKeptMilliseconds {
            state.reading.latency.write = NodeStatus.Percentiles()
        }
        state.reads = 0
        state.writes = 0
        state.windowStart = now
    }

    private static func percentiles(_ histogram: Histogram<UInt32>) -> NodeStatus.Percentiles {
        NodeStatus.Percentiles(
            p50: Int(histogram.valueAtPercentile(50)),
            p99: Int(histogram.valueAtPercentile(99))
        )
    }
}
