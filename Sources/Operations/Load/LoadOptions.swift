import Model

/// What load to make.
package struct LoadOptions: Sendable {
    package enum Wire: String, Sendable, CaseIterable { case http, resp }

    /// Keys are numbered in twelve digits.
    package static let keySpaceMax = 1_000_000_000_000
    /// Beyond this the load generator's own sockets are what is measured.
    package static let concurrencyMax = 10_000
    /// One batch of a connection is sent in one write: bounds its buffer together with `valueSize`.
    package static let pipelineMax = 10_000
    /// The largest value a node takes.
    package static let valueSizeMax = 16 << 20

    /// Any node of the cluster.
    package var target: NodeAddress
    package var wire = Wire.resp
    /// Operations of each phase; a phase with 0 is left out. The writes come first, as in the paper's `perf`.
    package var writes = 100_000
    package var reads = 100_000
    /// Connections in all, spread over the leaders; at least one for each.
    package var concurrency = 50
    /// Commands a connection sends at once; it waits for all their answers before it sends the next.
    package var pipeline = 1
    package var valueSize = 64
    /// Keys are `key:` and a number below this in twelve digits.
    package var keySpace = 100_000
    /// Event loops. One is what the other benchmarks use, and leaves the other core to the server.
    package var threads = 1
    package var seed: UInt64 = 0x5_40A1
    /// Operations per second in all; nil: as many as there are answers.
    package var rate: Int?
    /// More than a paced load needs; beyond it `pipeline` is the way.
    package static let rateMax = 10_000_000

    package init(target: NodeAddress) { self.target = target }
}

/// Load without an end, at a given pace: the console's `--demo`.
package struct DemoTraffic: Sendable {
    package var operationsPerSecond: Int
    /// Of 100 operations, how many are writes.
    package var writePercent: Int

    package init(operationsPerSecond: Int = 400, writePercent: Int = 25) {
        self.operationsPerSecond = operationsPerSecond
        self.writePercent = writePercent
    }
}
