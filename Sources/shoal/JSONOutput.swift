import FoundationEssentials
import Model

/// How the commands print JSON.
enum JSONOutput {
    /// One document on lines of its own, or all on one line.
    static func text(of document: some Encodable, isPretty: Bool = true) throws -> String {
        String(decoding: try JSONDocument.encode(document, isPretty: isPretty), as: UTF8.self)
    }
}

/// Bytes in JSON: as text, or in base64 with `encoding` saying so where they are no UTF-8.
struct JSONBytes {
    var text: String
    var encoding: String?

    init(_ bytes: [UInt8]) {
        if let valid = String(validating: bytes, as: UTF8.self) {
            text = valid
        } else {
            text = Data(bytes).base64EncodedString()
            encoding = "base64"
        }
    }
}
