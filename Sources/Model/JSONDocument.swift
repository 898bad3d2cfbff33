import FoundationEssentials

/// How all documents are written as JSON: fields sorted, so that two can be compared line by line, and slashes as they are.
package enum JSONDocument {
    /// - Parameter isPretty: on lines of its own instead of one.
    package static func encode(_ document: some Encodable, isPretty: Bool = false) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isPretty { encoder.outputFormatting.insert(.prettyPrinted) }
        return Array(try encoder.encode(document))
    }
}
