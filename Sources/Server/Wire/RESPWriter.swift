import NIOCore
import Storage

/// Replies of RESP 2 and 3, appended to an output buffer.
extension ByteBuffer {
    @inline(__always)
    mutating func writeRESPOK() { writeStaticString("+OK\r\n") }

    mutating func writeRESPSimple(_ text: StaticString) {
        writeStaticString("+")
        writeStaticString(text)
        writeStaticString("\r\n")
    }

    /// `-CODE text`; line ends inside would break the protocol and become spaces.
    mutating func writeRESPError(_ text: String) { writeRESPError(bytes: text.utf8) }

    /// The same of bytes that need not be text: what a client sent comes back as it was.
    mutating func writeRESPError(bytes: some Collection<UInt8>) {
        writeStaticString("-")
        writeBytes(bytes.lazy.map { $0 == 13 || $0 == 10 ? 32 : $0 })
        writeStaticString("\r\n")
    }

    /// An error of the store, under the code by which clients know what to do.
    mutating func writeRESPError(_ error: StorageError) {
        switch error.code {
        case .notLeader: writeRESPError("CLUSTERDOWN \(error.message)")
        case .tooFewInSync: writeRESPError("NOREPLICAS \(error.message)")
        case .io, .diskFull, .corrupt, .damaged, .foreignFolder, .locked, .engine, .engineLost, .outOfRange, .logCut,
            .closed,
            .cold:
            writeRESPError("ERR \(error.message)")
        }
    }

    @inline(__always)
    mutating func writeRESPInteger(_ value: Int64) {
        writeStaticString(":")
        writeDecimal(value)
        writeStaticString("\r\n")
    }

    @inline(__always)
    mutating func writeRESPBulk(_ bytes: UnsafeRawBufferPointer) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count + 16) { target in
            guard let base = target.baseAddress else { return 0 }
            base.storeBytes(of: UInt8(ascii: "$"), as: UInt8.self)
            var at = 1 + ByteBuffer.decimal(bytes.count, base + 1)
            base.storeBytes(of: 0x0A0D, toByteOffset: at, as: UInt16.self)
            at += 2
            if let source = bytes.baseAddress { (base + at).copyMemory(from: source, byteCount: bytes.count) }
            at += bytes.count
            base.storeBytes(of: 0x0A0D, toByteOffset: at, as: UInt16.self)
            return at + 2
        }
    }

    mutating func writeRESPBulk(_ text: String) {
        var text = text
        text.withUTF8 { writeRESPBulk(UnsafeRawBufferPointer($0)) }
    }

    mutating func writeRESPArray(count: Int) {
        writeStaticString("*")
        writeDecimal(Int64(count))
        writeStaticString("\r\n")
    }

    /// A map: an array of pairs before RESP 3.
    mutating func writeRESPMap(count: Int, version: Int) {
        if version < 3 { return writeRESPArray(count: count * 2) }
        writeStaticString("%")
        writeDecimal(Int64(count))
        writeStaticString("\r\n")
    }

    mutating func writeRESPNull(version: Int) {
        if version < 3 { writeStaticString("$-1\r\n") } else { writeStaticString("_\r\n") }
    }

    @inline(__always)
    mutating func writeDecimal(_ value: Int64) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: 24) { target in
            guard let base = target.baseAddress else { return 0 }
            if value < 0 {
                base.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
                return 1 + ByteBuffer.decimal(value.magnitude, base + 1)
            }
            return ByteBuffer.decimal(value.magnitude, base)
        }
    }

    /// Writes the digits (20 at most) and returns how many.
    @inline(__always)
    static func decimal(_ value: some FixedWidthInteger, _ target: UnsafeMutableRawPointer) -> Int {
        var rest = UInt64(value)
        var digits = 1
        var probe = rest
        while probe >= 10 {
            probe /= 10
            digits += 1
        }
        var at = digits
        repeat {
            at -= 1
            target.storeBytes(of: UInt8(truncatingIfNeeded: 48 + rest % 10), toByteOffset: at, as: UInt8.self)
            rest /= 10
        } while at > 0
        return digits
    }
}
