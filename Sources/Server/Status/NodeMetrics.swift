import Histogram
import Storage
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
        package var readsTotal = 0
        package var writesTotal = 0
        package var connections = 0
    }

    /// Rates and percentiles are those of this many seconds.
    static let windowSeconds = 2
    /// Percentiles of a node without traffic go back to zero after this.
    private static let latencyKeptMilliseconds: UInt64 = 10_000

    private struct State {
        var reading = Reading()
        var reads = 0
        var writes = 0
        var readLatency: Histogram<UInt32>
        var writeLatency: Histogram<UInt32>
        var windowStart: UInt64
        var readsSeenAt: UInt64 = 0
        var writesSeenAt: UInt64 = 0
        var connections: [ObjectIdentifier: Int] = [:]
    }

    private let state: Mutex<State>

    package init() {
        let empty = OperationTally()
        state = Mutex(
            State(
                readLatency: empty.readLatency,
                writeLatency: empty.writeLatency,
                windowStart: Clock.monotonicMilliseconds()
            )
        )
    }

    func merge(_ tally: OperationTally, from loop: LoopContext) {
        state.withLock { state in
            state.reads += tally.reads
            state.writes += tally.writes
            state.reading.readsTotal += tally.reads
            state.reading.writesTotal += tally.writes
            state.connections[ObjectIdentifier(loop)] = loop.connectionCount
            state.reading.connections = state.connections.values.reduce(0, +)
            if tally.reads > 0 { state.readLatency.add(tally.readLatency) }
            if tally.writes > 0 { state.writeLatency.add(tally.writeLatency) }
            NodeMetrics.closeWindow(&state)
        }
    }

    package func reading() -> Reading { state.withLock { $0.reading } }

    private static func closeWindow(_ state: inout State) {
        let now = Clock.monotonicMilliseconds()
        let elapsed = now - state.windowStart
        guard elapsed >= UInt64(windowSeconds * 1000 - 100) else { return }
        state.reading.rates = NodeStatus.Rates(
            read: state.reads * 1000 / Int(elapsed),
            write: state.writes * 1000 / Int(elapsed)
        )
        if state.reads > 0 {
            state.readsSeenAt = now
            state.reading.latency.read = percentiles(state.readLatency)
            state.readLatency.reset()
        } else if now - state.readsSeenAt > latencyKeptMilliseconds {
            state.reading.latency.read = NodeStatus.Percentiles()
        }
        if state.writes > 0 {
            state.writesSeenAt = now
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
