import NIOCore

/// Writes the small JSON documents of the data path, straight into a buffer and without Foundation.
package enum JSONText {
    /// Whether bytes are well-formed UTF-8: no overlong forms, no surrogates, nothing beyond U+10FFFF.
    package static func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            let lead = bytes[index]
            index += 1
            if lead < 0x80 { continue }
            let (length, low, high): (Int, UInt8, UInt8)
            switch lead {
            case 0xC2...0xDF: (length, low, high) = (1, 0x80, 0xBF)
            case 0xE0: (length, low, high) = (2, 0xA0, 0xBF)
            case 0xED: (length, low, high) = (2, 0x80, 0x9F)
            case 0xE1...0xEF: (length, low, high) = (2, 0x80, 0xBF)
            case 0xF0: (length, low, high) = (3, 0x90, 0xBF)
            case 0xF1...0xF3: (length, low, high) = (3, 0x80, 0xBF)
            case 0xF4: (length, low, high) = (3, 0x80, 0x8F)
            default: return false
            }
            guard index + length <= bytes.count, bytes[index] >= low, bytes[index] <= high else { return false }
            for offset in 1..<max(length, 1) where bytes[index + offset] & 0xC0 != 0x80 { return false }
            index += length
        }
        return true
    }

    /// A JSON string with its quotes, of bytes that are UTF-8 already.
    package static func writeString(_ bytes: some Sequence<UInt8>, into buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "\""))
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
            case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
            case 0x0A: buffer.writeStaticString("\\n")
            case 0x0D: buffer.writeStaticString("\\r")
            case 0x09: buffer.writeStaticString("\\t")
            case 0..<0x20, 0x7F:
                buffer.writeStaticString("\\u00")
                buffer.writeInteger(hexadecimal(byte >> 4))
                buffer.writeInteger(hexadecimal(byte & 15))
            default: buffer.writeInteger(byte)
            }
        }
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    package static func writeString(_ text: String, into buffer: inout ByteBuffer) {
        writeString(text.utf8, into: &buffer)
    }

    /// The answer of `/get-next-replication-key`; a nil value is the record of a delete.
    ///
    /// Where key or value isn't UTF-8 both are base64 and the document says `"encoding": "base64"`.
    package static func writeReplicationRecord(
        key: [UInt8],
        value: [UInt8]?,
        position: String,
        into buffer: inout ByteBuffer
    ) {
        let isText = isUTF8(key) && value.map(isUTF8) ?? true
        buffer.writeStaticString("{\"key\": ")
        writeBytes(key, asText: isText, into: &buffer)
        buffer.writeStaticString(", \"value\": ")
        if let value {
            writeBytes(value, asText: isText, into: &buffer)
        } else {
            buffer.writeStaticString("null")
        }
        buffer.writeStaticString(", \"position\": ")
        writeString(position, into: &buffer)
        buffer.writeStaticString(isText ? "}\n" : ", \"encoding\": \"base64\"}\n")
    }

    /// The answer of `GET /kv`: `{"keys": […], "cursor": …}`; the cursor is null on the last page.
    ///
    /// Where one of the keys isn't UTF-8 all are base64 and the document says `"encoding": "base64"`.
    /// - Parameter hasMore: there are keys after these, so the last one becomes the cursor.
    package static func writeListing(keys: [[UInt8]], hasMore: Bool, into buffer: inout ByteBuffer) {
        let isText = keys.allSatisfy(isUTF8)
        buffer.writeStaticString("{\"keys\": [")
        for (index, key) in keys.enumerated() {
            if index > 0 { buffer.writeStaticString(", ") }
            writeBytes(key, asText: isText, into: &buffer)
        }
        buffer.writeStaticString("], \"cursor\": ")
        if hasMore, let last = keys.last {
            buffer.writeInteger(UInt8(ascii: "\""))
            last.withUnsafeBytes { Base64.write($0, urlSafe: true, into: &buffer) }
            buffer.writeInteger(UInt8(ascii: "\""))
        } else {
            buffer.writeStaticString("null")
        }
        buffer.writeStaticString(isText ? "}\n" : ", \"encoding\": \"base64\"}\n")
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBytes { isUTF8($0) } }

    private static func writeBytes(_ bytes: [UInt8], asText: Bool, into buffer: inout ByteBuffer) {
        guard !asText else { return writeString(bytes, into: &buffer) }
        buffer.writeInteger(UInt8(ascii: "\""))
        bytes.withUnsafeBytes { Base64.write($0, into: &buffer) }
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    private static func hexadecimal(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
}
