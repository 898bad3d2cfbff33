import ArgumentParser
import Server

struct PutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put",
        abstract: "Write a value under a key.",
        discussion: """
            Ends when the write is durable.

            Example: shoal put user:1 Ada
            Example: shoal put user:1:picture - < picture.png
            """
    )

    @Argument(help: "The key.") var key: String
    @Argument(help: "The value; - reads it from stdin.") var value: String
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    private struct Document: Encodable {
        var key: String
        var bytes: Int
    }

    func run() async throws {
        let keyBytes = try ClientSession.key(key)
        let bytes = value == "-" ? try StandardStreams.readAll() : GivenBytes.of(value, fromEnd: true)
        try await ClientSession.run(config) { try await $0.put(keyBytes, value: bytes) }
        if json { StandardStreams.writeLine(try JSONOutput.text(of: Document(key: key, bytes: bytes.count))) }
    }
}
