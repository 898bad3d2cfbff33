import NIOCore

/// Percent-encoding of keys and values in paths, queries and forms (RFC 3986, and `+` for space in queries).
package enum PercentCoding {
    /// Decodes a path's or query's bytes.
    ///
    /// - Parameter plusIsSpace: true in queries and forms, false in paths.
    /// - Throws: 400 where a `%` isn't followed by two hexadecimal digits.
    package static func decode(_ bytes: UnsafeRawBufferPointer, plusIsSpace: Bool) throws(HTTPError) -> [UInt8] {
        var failed = false
        // One allocation of at most the encoded length: decoding never makes bytes more.
        let decoded = [UInt8](unsafeUninitializedCapacity: bytes.count) { output, count in
            var index = 0
            while index < bytes.count {
                let byte = bytes[index]
                if byte == UInt8(ascii: "%") {
                    guard index + 2 < bytes.count else { return failed = true }
                    let high = ASCII.hexadecimal(bytes[index + 1])
                    let low = ASCII.hexadecimal(bytes[index + 2])
                    guard high | low < 16 else { return failed = true }
                    output.initializeElement(at: count, to: high << 4 | low)
                    index += 3
                } else {
                    output.initializeElement(at: count, to: plusIsSpace && byte == UInt8(ascii: "+") ? 32 : byte)
                    index += 1
                }
                count += 1
            }
        }
        guard !failed else { throw .badPercentEncoding }
        return decoded
    }

    /// Appends `bytes`, everything but RFC 3986's unreserved characters encoded: good in a path and in a query.
    package static func encode(_ bytes: some Sequence<UInt8>, into buffer: inout ByteBuffer) {
        for byte in bytes {
            if isUnreserved(byte) {
                buffer.writeInteger(byte)
            } else {
                buffer.writeInteger(UInt8(ascii: "%"))
                buffer.writeInteger(digit(byte >> 4))
                buffer.writeInteger(digit(byte & 15))
            }
        }
    }

    /// As the other `encode`, for clients that build a target as text.
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var buffer = ByteBuffer()
        encode(bytes, into: &buffer)
        return String(buffer: buffer)
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 55 + value }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default:
            false
        }
    }
}
