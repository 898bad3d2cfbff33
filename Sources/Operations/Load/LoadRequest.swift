import Model
import NIOCore

/// A request encoded once; each use copies it and puts the key's digits in.
struct LoadRequest {
    private let bytes: [UInt8]
    private let digitsAt: Int

    private init(before: String, after: [UInt8]) {
        bytes = Array(before.utf8) + [UInt8](repeating: 48, count: LoadKeys.digits) + after
        digitsAt = before.utf8.count
    }

    static func write(_ wire: LoadOptions.Wire, to address: NodeAddress, value: [UInt8]) -> LoadRequest {
        switch wire {
        case .resp:
            LoadRequest(
                before: "*3\r\n$3\r\nSET\r\n$16\r\n" + LoadKeys.prefix,
                after: Array("\r\n$\(value.count)\r\n".utf8) + value + Array("\r\n".utf8)
            )
        case .http:
            LoadRequest(
                before: "PUT /kv/" + LoadKeys.prefix,
                after: Array(" HTTP/1.1\r\nHost: \(address)\r\nContent-Length: \(value.count)\r\n\r\n".utf8) + value
            )
        }
    }

    static func read(_ wire: LoadOptions.Wire, from address: NodeAddress) -> LoadRequest {
        switch wire {
        case .resp:
            LoadRequest(before: "*2\r\n$3\r\nGET\r\n$16\r\n" + LoadKeys.prefix, after: Array("\r\n".utf8))
        case .http:
            LoadRequest(
                before: "GET /get?key=" + LoadKeys.prefix,
                after: Array(" HTTP/1.1\r\nHost: \(address)\r\n\r\n".utf8)
            )
        }
    }

    var count: Int { bytes.count }

    /// Appends the request for the key with these digits.
    func append(to buffer: inout ByteBuffer, digits: UnsafeRawBufferPointer) {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count) { target in
            target.copyBytes(from: bytes)
            if let base = target.baseAddress, let source = digits.baseAddress {
                (base + digitsAt).copyMemory(from: source, byteCount: digits.count)
            }
            return bytes.count
        }
    }
}
