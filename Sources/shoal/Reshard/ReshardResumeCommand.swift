import ArgumentParser
import Model

struct ReshardResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Go on after a pause, or with another rate.",
        discussion: """
            Example: shoal reshard resume
            Example: shoal reshard resume --rate 50
            """
    )

    @Option(
        help: ArgumentHelp("At most so many megabytes per second from now on; 0: no limit.", valueName: "mb/s")
    )
    var rate: Double?
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print the reshard's status as a JSON document.") var json = false

    func validate() throws {
        if let rate, rate != 0 { _ = try MegabytesPerSecond.bytes(rate) }
    }

    func run() async throws {
        let isLimited = rate != nil
        let limit = try rate.flatMap { $0 == 0 ? nil : try MegabytesPerSecond.bytes($0) }
        try await ReshardChange(config: config, json: json).make("`shoal reshard run` shows its progress") {
            job throws(ReshardError) in
            // With a rate, one that runs is no mistake.
            let next = isLimited && job.state == .running ? job : try job.resuming()
            return isLimited ? try next.limiting(to: limit) : next
        }
    }
}
