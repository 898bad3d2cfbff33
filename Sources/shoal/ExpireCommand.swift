import ArgumentParser
import Console
import Server

struct ExpireCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expire",
        abstract: "Say how long a key lives.",
        discussion: """
            Exit code 4 if there is no such key.

            Example: shoal expire session:1 3600
            Example: shoal expire session:1 never
            """
    )

    @Argument(help: "The key.") var key: String
    @Argument(help: ArgumentHelp("Seconds from now, or never.", valueName: "seconds")) var time: String
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    private struct Document: Encodable {
        var key: String
        /// null: for ever.
        var seconds: Int?
    }

    func run() async throws {
        let seconds = try seconds()
        let bytes = try ClientSession.key(key)
        let isThere = try await ClientSession.run(config) { client in
            let hasChanged = try await client.expire(bytes, seconds: seconds)
            // A key that never expired is no missing one.
            return hasChanged ? true : try await client.expiry(of: bytes) != .noKey
        }
        guard isThere else { throw CommandFailure(.notFound, json ? "" : "there is no key `\(key)`") }
        if json { StandardStreams.writeLine(try JSONOutput.text(of: Document(key: key, seconds: seconds))) }
    }

    private func seconds() throws -> Int? {
        if time == "never" { return nil }
        guard let seconds = Int(time), (1...KeyLimits.secondsMax).contains(seconds) else {
            throw CommandFailure(.usage, "`\(time)` is not a time to live: give seconds from 1 on, or never")
        }
        return seconds
    }
}
