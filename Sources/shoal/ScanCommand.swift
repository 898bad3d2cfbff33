import ArgumentParser
import Server

struct ScanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scan",
        abstract: "List the keys of all shards.",
        discussion: """
            One key a line, shard by shard; a backslash and bytes that can't be printed are written as \\\\ and \\xHH. \
            With --json one document.

            Example: shoal scan --prefix user: --limit 20
            """
    )

    @Option(help: "Only keys that start with this.") var prefix = ""
    @Option(help: "Stop after this many keys.") var limit: Int?
    @OptionGroup var config: ConfigOptions
    @Flag(help: "Print a JSON document.") var json = false

    private struct Document: Encodable {
        struct Key: Encodable {
            var key: String
            var encoding: String?
        }
        var keys: [Key]
    }

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit \(limit): ask for at least 1 key") }
    }

    func run() async throws {
        let limit = limit ?? .max
        let wanted = GivenBytes.of(prefix)
        let asJSON = json
        let document = try await ClientSession.run(config) { client in
            var found = 0
            var keys: [Document.Key] = []
            try await client.scan(prefix: wanted, pageSize: min(1000, limit)) { key in
                if asJSON {
                    let shown = JSONBytes(key)
                    keys.append(Document.Key(key: shown.text, encoding: shown.encoding))
                } else {
                    StandardStreams.writeLine(PrintableBytes.text(of: key))
                }
                found += 1
                return found < limit
            }
            return Document(keys: keys)
        }
        if json { StandardStreams.writeLine(try JSONOutput.text(of: document)) }
    }
}

/// Bytes on one line of a terminal that they can't take over.
enum PrintableBytes {
    /// UTF-8 text as it is; a backslash doubled; control characters and bytes that are no UTF-8 as `\xHH`.
    static func text(of bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return bytes.map { escaped(Unicode.Scalar($0), isText: $0 < 0x80) }.joined()
        }
        return text.unicodeScalars.map { escaped($0, isText: true) }.joined()
    }

    private static func escaped(_ scalar: Unicode.Scalar, isText: Bool) -> String {
        if scalar == "\\" { return "\\\\" }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate: break
        default: if isText { return String(scalar) }
        }
        // A scalar that isn't one raw byte is written as the bytes it was.
        let bytes = isText ? Array(String(scalar).utf8) : [UInt8(truncatingIfNeeded: scalar.value)]
        return bytes.map { "\\x" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
