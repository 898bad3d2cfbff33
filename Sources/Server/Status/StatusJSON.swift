import FoundationEssentials

/// The status documents as bytes: one line, fields in the documents' order of declaration where the encoder keeps it.
package enum StatusJSON {
    package static func encode(_ document: some Encodable, pretty: Bool = false) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting =
            pretty ? [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(document)) + [10]
        } catch {
            // Documents of strings and integers always encode; this keeps a future mistake visible instead of fatal.
            return Array(
                "{\"error\": {\"code\": \"encoding\", \"message\": \"the status can't be written as JSON\"}}\n".utf8
            )
        }
    }

    package static func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) -> T? {
        try? JSONDecoder().decode(type, from: Data(bytes))
    }
}
