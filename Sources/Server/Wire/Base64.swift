import NIOCore

/// Base64 without Foundation: standard with padding for JSON, URL-safe without padding for cursors.
enum Base64 {
    private static let standard = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let urlSafe = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    static func write(_ bytes: UnsafeRawBufferPointer, urlSafe isURLSafe: Bool = false, into buffer: inout ByteBuffer) {
        let alphabet = isURLSafe ? urlSafe : standard
        var index = 0
        while index < bytes.count {
            let left = bytes.count - index
            let group =
                UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0)
                | (left > 2 ? UInt32(bytes[index + 2]) : 0)
            let digits = min(left, 3) + 1
            for place in 0..<4 {
                if place < digits {
                    buffer.writeInteger(alphabet[Int(group >> UInt32(18 - 6 * place)) & 63])
                } else if !isURLSafe {
                    buffer.writeInteger(UInt8(ascii: "="))
                }
            }
            index += 3
        }
    }

    /// Decodes URL-safe base64 without padding; nil for anything else.
    static func decodeURLSafe(_ text: [UInt8]) -> [UInt8]? {
        guard text.count % 4 != 1 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count * 3 / 4)
        var group: UInt32 = 0
        var bits = 0
        for digit in text {
            guard let value = urlSafe.firstIndex(of: digit) else { return nil }
            group = group << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
            }
        }
        return bytes
    }
}
