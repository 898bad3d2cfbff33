import NIOCore
import Storage

/// Commands that compute a new value from the present one.
extension ConnectionHandler {
    func executeAddBy(
        _ operation: KeyOperation,
        _ bytes: UnsafeRawBufferPointer,
        isDecrement: Bool
    ) throws(StorageError) {
        guard let amount = RESPInteger.parse(arguments.bytes(2, in: bytes)) else {
            return output.writeRESPError("ERR value is not an integer or out of range")
        }
        if isDecrement, amount == .min { return output.writeRESPError("ERR decrement would overflow") }
        try executeAdd(operation, isDecrement ? -amount : amount)
    }

    func executeAdd(_ operation: KeyOperation, _ amount: Int64) throws(StorageError) {
        var old: Int64? = 0
        var expiry: UInt64 = 0
        _ = try current(operation) {
            old = RESPInteger.parse($0.bytes)
            expiry = $0.expiry
        }
        guard let old else {
            holdForWhatWasSeen(operation)
            return output.writeRESPError("ERR value is not an integer or out of range")
        }
        let (sum, overflow) = old.addingReportingOverflow(amount)
        if overflow {
            holdForWhatWasSeen(operation)
            return output.writeRESPError("ERR increment or decrement would overflow")
        }
        withDecimal(sum) { queuePut(operation, $0, expiry: expiry) }
        output.writeRESPInteger(sum)
    }

    func executeAPPEND(_ operation: KeyOperation, _ suffix: UnsafeRawBufferPointer) throws(StorageError) {
        var value: [UInt8] = []
        var expiry: UInt64 = 0
        _ = try current(operation) {
            value.reserveCapacity($0.bytes.count + suffix.count)
            value.append(contentsOf: $0.bytes)
            expiry = $0.expiry
        }
        guard value.count + suffix.count <= StorageLimits.valueBytesMax else {
            holdForWhatWasSeen(operation)
            return output.writeRESPError(
                "ERR string exceeds maximum allowed size (\(StorageLimits.valueBytesMax) bytes)"
            )
        }
        value.append(contentsOf: suffix)
        // The joined value is larger than what was admitted; the open batch may pass its soft limit by one value.
        value.withUnsafeBytes { queuePut(operation, $0, expiry: expiry) }
        output.writeRESPInteger(Int64(value.count))
    }

    private func withDecimal(_ value: Int64, _ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 24, alignment: 1) { target in
            guard let base = target.baseAddress else { return }
            var length = 0
            if value < 0 {
                base.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
                length = 1
            }
            length += ByteBuffer.decimal(value.magnitude, base + length)
            body(UnsafeRawBufferPointer(start: base, count: length))
        }
    }
}
