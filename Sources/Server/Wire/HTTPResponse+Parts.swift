import NIOCore

extension HTTPResponse {
    static func writeStatus(
        _ status: Int,
        _ contentType: StaticString,
        length: Int,
        into buffer: inout ByteBuffer
    ) {
        buffer.writeStaticString("HTTP/1.1 ")
        writeDecimal(UInt64(status), into: &buffer)
        buffer.writeStaticString(" ")
        buffer.writeStaticString(reason(status))
        buffer.writeStaticString("\r\nContent-Type: ")
        buffer.writeStaticString(contentType)
        buffer.writeStaticString("\r\nContent-Length: ")
        writeDecimal(UInt64(length), into: &buffer)
        buffer.writeStaticString("\r\n")
    }

    static func writeEnd(_ connection: HTTPConnection, into buffer: inout ByteBuffer) {
        switch connection {
        case .keepAlive: buffer.writeStaticString("\r\n")
        case .keepAliveAnnounced: buffer.writeStaticString("Connection: keep-alive\r\n\r\n")
        case .close: buffer.writeStaticString("Connection: close\r\n\r\n")
        }
    }

    static func writeETag(_ version: UInt64?, into buffer: inout ByteBuffer) {
        guard let version else { return }
        buffer.writeStaticString("ETag: \"")
        writeDecimal(version, into: &buffer)
        buffer.writeStaticString("\"\r\n")
    }

    static func writeReplica(_ lagMilliseconds: Int?, into buffer: inout ByteBuffer) {
        guard let lagMilliseconds else { return }
        buffer.writeStaticString("Shoal-Role: replica\r\nShoal-Lag-Milliseconds: ")
        writeDecimal(UInt64(max(lagMilliseconds, 0)), into: &buffer)
        buffer.writeStaticString("\r\n")
    }

    static func writeDecimal(_ number: UInt64, into buffer: inout ByteBuffer) {
        // 20 digits hold any UInt64.
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 20) { bytes in
            var digits = 1
            var rest = number / 10
            while rest > 0 {
                digits += 1
                rest /= 10
            }
            rest = number
            for index in stride(from: digits - 1, through: 0, by: -1) {
                bytes[index] = 48 + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            return digits
        }
    }

    private static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 411: "Length Required"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
