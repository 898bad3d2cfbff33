import FoundationEssentials

/// The status documents as bytes, with a line end.
package enum StatusJSON {
    package static func encode(_ document: some Encodable, pretty: Bool = false) -> [UInt8] {
        do {
            return try JSONDocument.encode(document, isPretty: pretty) + [10]
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
