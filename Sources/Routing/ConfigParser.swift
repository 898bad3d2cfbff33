import Model
import Yams

/// Reads config.yaml (README). Collects all problems it can find before it gives up.
package struct ConfigParser {
    /// Shards whose indexes a slot map can hold, and no more than there are slots.
    static let shardsMax = StorageLimits.slotCount

    let file: String
    var problems: [ConfigError.Problem] = []
    var config = ClusterConfig(shards: [])
    /// In the order of the file.
    var shards: [ShardDocument] = []
    var clusterLine: Int?
    var minInSyncLine: Int?

    /// A `Shard` document with the lines its fields are on.
    struct ShardDocument {
        var shard: ShardConfig
        var line: Int
        var nameLine: Int
        var indexLine: Int
        /// From 1, in characters.
        var indexColumn: Int
        /// As it is written.
        var indexText: String
        var addressLines: [Int]
    }

    /// The config in `text`, checked except for what only the machine can tell (`validateLocality`).
    /// - Parameter file: its path, for messages and to resolve `DataDirectory` against.
    package static func parse(_ text: [UInt8], file: String) throws(ConfigError) -> ClusterConfig {
        try read(text, file: file).config
    }

    /// The same, with the documents and where they are.
    static func read(_ text: [UInt8], file: String) throws(ConfigError) -> ConfigParser {
        var parser = ConfigParser(file: file)
        parser.config.file = file
        parser.config.dataDirectory = parser.resolve(parser.config.dataDirectory)
        if let yaml = parser.decode(text) { parser.readDocuments(yaml) }
        if parser.problems.isEmpty { parser.checkTogether() }
        let problems = parser.problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
        if let first = problems.first { throw ConfigError(first, Array(problems.dropFirst())) }
        return parser
    }

    /// The config in `text`.
    package static func parse(_ text: String, file: String) throws(ConfigError) -> ClusterConfig {
        try parse(Array(text.utf8), file: file)
    }

    private init(file: String) {
        self.file = file
    }

    mutating func report(_ line: Int?, _ message: String) {
        problems.append(.init(file: file, line: line, message: message))
    }

    /// `path`, taken as relative to the folder of the file.
    func resolve(_ path: String) -> String {
        guard !path.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return path }
        return file[...slash] + path
    }

    /// The text with the paper's title line turned into a comment, so that line numbers stay; nil if it is no text.
    private mutating func decode(_ bytes: [UInt8]) -> String? {
        let newline = UInt8(ascii: "\n")
        var lines = bytes.split(separator: newline, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            if let control = line.first(where: { $0 < 0x20 && $0 != 0x09 && $0 != 0x0D || $0 == 0x7F }) {
                let digits = String(control, radix: 16)
                report(
                    index + 1,
                    "not a text file: it contains the control character 0x\(digits.utf8.count < 2 ? "0" : "")\(digits)"
                )
                return nil
            }
            guard String(validating: line, as: UTF8.self) != nil else {
                report(index + 1, "not a text file: it contains bytes that are not UTF-8 text")
                return nil
            }
        }
        if let title = lines.firstIndex(where: { !$0.allSatisfy { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D } }),
            lines[title].first == UInt8(ascii: "!")
        {
            lines[title] = []
        }
        return String(decoding: Array(lines.joined(separator: [newline])), as: UTF8.self)
    }

    private mutating func readDocuments(_ yaml: String) {
        do {
            let parser = try Parser(yaml: yaml, encoding: .utf8)
            while let document = try parser.nextRoot() { read(document) }
        } catch let error as YamlError {
            report(error)
        } catch {
            report(nil, "cannot be read as YAML: \(error)")
        }
        if shards.isEmpty && problems.isEmpty {
            report(1, "has no Shard document; see config.yaml in README.md")
        }
    }

    private mutating func read(_ document: Node) {
        let line = document.mark?.line
        if case .scalar(let scalar) = document, scalar.string.isEmpty, scalar.style == .plain { return }
        guard case .mapping(let mapping) = document else {
            return report(line, "expected \"Shard:\" or \"Cluster:\" with its fields below")
        }
        if mapping.count > 1 {
            report(line, "one Shard or Cluster per document; separate them by a line with ---")
        }
        for (key, value) in mapping {
            let line = key.mark?.line ?? line ?? 1
            switch key.scalar?.string {
            case "Shard": readShard(value, line: line)
            case "Cluster": readCluster(value, line: line)
            case let name:
                report(line, ConfigFields.unknown("document", name ?? "?", known: ["Shard", "Cluster"]))
            }
        }
    }

    private mutating func report(_ error: YamlError) {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            let isTab = problem.contains("cannot start any token")
            report(
                mark.line,
                "not valid YAML: \(problem)" + (isTab ? "; a tab, perhaps: YAML is indented by spaces" : "")
            )
        case .duplicatedKeysInMapping(let duplicates, let context):
            let keys = duplicates.joined(separator: ", ")
            let isDocument = duplicates.contains { $0 == "Shard" || $0 == "Cluster" }
            report(context.mark.line, "\(keys) is given twice" + (isDocument ? "; separate documents by ---" : ""))
        default:
            report(nil, "not valid YAML: \(error)")
        }
    }
}
