import ArgumentParser
import Server

struct DelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "del",
        abstract: "Remove a key.",
        discussion: """
            Exit code 4 if there was no such key.

            Example: shoal del user:1
            """
    )

    @Argument(help: "The key.") var key: String
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    private struct Document: Encodable {
        var key: String
        var removed: Bool
    }

    func run() async throws {
        let bytes = try ClientSession.key(key)
        let removed = try await ClientSession.run(config) { try await $0.delete(bytes) }
        if json { StandardStreams.writeLine(try JSONOutput.text(of: Document(key: key, removed: removed))) }
        guard removed else { throw CommandFailure(.notFound, json ? "" : "there is no key `\(key)`") }
    }
}
