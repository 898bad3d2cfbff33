import ArgumentParser
import Model
import Node
import Operations
import Routing

struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure throughput and latency: writes, then reads.",
        discussion: """
            Keys are chosen at random and sent to the leader that owns them. Exit code 1 if there were errors.

            Example: shoal bench --reads 1000000 --writes 1000000 --concurrency 50 --pipeline 16
            """
    )

    enum Wire: String, ExpressibleByArgument, CaseIterable { case http, resp }

    @Option(help: ArgumentHelp("Any node of the cluster; without it the config's first.", valueName: "host:port"))
    var target: String?
    @Option(help: "What to speak.") var `protocol` = Wire.resp
    @Option(help: "Number of reads.") var reads = 100_000
    @Option(help: "Number of writes.") var writes = 100_000
    @Option(name: .shortAndLong, help: "Connections.") var concurrency = 50
    @Option(name: [.customShort("P"), .long], help: "Commands sent at once on each connection.") var pipeline = 1
    @Option(help: "Bytes of a value.") var valueSize = 64
    @Option(help: "Number of different keys.") var keySpace = 100_000
    @Option(help: "Operations per second; without it as many as are answered.") var rate: Int?
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    func validate() throws {
        try Self.require("--reads", reads, 0...Int.max / 4)
        try Self.require("--writes", writes, 0...Int.max / 4)
        try Self.require("--concurrency", concurrency, 1...LoadOptions.concurrencyMax)
        try Self.require("--pipeline", pipeline, 1...LoadOptions.pipelineMax)
        try Self.require("--value-size", valueSize, 0...LoadOptions.valueSizeMax)
        if let rate { try Self.require("--rate", rate, 1...LoadOptions.rateMax) }
        try Self.require("--key-space", keySpace, 1...LoadOptions.keySpaceMax)
    }

    func run() async throws {
        var options = LoadOptions(target: try address())
        options.wire = self.protocol == .http ? .http : .resp
        options.reads = reads
        options.writes = writes
        options.concurrency = concurrency
        options.pipeline = pipeline
        options.valueSize = valueSize
        options.keySpace = keySpace
        options.rate = rate
        let report = try await LoadGenerator(options).run()
        StandardStreams.writeLine(json ? try JSONOutput.text(of: report) : report.table)
        if report.errorCount > 0 {
            throw CommandFailure(.failed, "\(report.errorCount) operations failed: see `shoal status`")
        }
    }

    private func address() throws -> NodeAddress {
        guard let target else { return try config.load().shards[0].address }
        return try NodeAddress(target)
    }

    private static func require(_ name: String, _ value: Int, _ range: ClosedRange<Int>) throws {
        guard !range.contains(value) else { return }
        throw ValidationError("\(name) \(value): use \(range.lowerBound) to \(range.upperBound)")
    }
}
