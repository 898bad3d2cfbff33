import ArgumentParser
import Server

struct GetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Print the value of a key.",
        discussion: """
            Prints the value's bytes as they are, followed by a line end only on a terminal. Exit code 4 if \
            there is no such key.

            Example: shoal get user:1 > picture.png
            """
    )

    @Argument(help: "The key.") var key: String
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    private struct Document: Encodable {
        var key: String
        var value: String
        var encoding: String?
    }

    func run() async throws {
        let bytes = try ClientSession.key(key)
        guard let value = try await ClientSession.run(config, { try await $0.get(bytes) }) else {
            throw CommandFailure(.notFound, "there is no key `\(key)` (`shoal scan` lists the keys)")
        }
        if json {
            let shown = JSONBytes(value)
            StandardStreams.writeLine(
                try JSONOutput.text(of: Document(key: key, value: shown.text, encoding: shown.encoding))
            )
        } else {
            StandardStreams.write(value + (StandardStreams.isTerminal ? [10] : []))
        }
    }
}
