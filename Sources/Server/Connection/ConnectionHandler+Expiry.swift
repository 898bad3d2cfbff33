import NIOCore
import Storage

/// Commands that change when a key ends, and nothing else of it.
extension ConnectionHandler {
    /// When EXPIRE may set a time.
    private struct ExpiryCondition {
        var ifNone = false
        var ifAny = false
        var ifLater = false
        var ifSooner = false

        /// Why the words contradict each other.
        var contradiction: String? {
            if ifNone, ifAny || ifLater || ifSooner {
                return "ERR NX and XX, GT or LT options at the same time are not compatible"
            }
            return ifLater && ifSooner ? "ERR GT and LT options at the same time are not compatible" : nil
        }

        /// - Parameter old: the present expiry, 0 for none, which is later than any.
        func allows(_ next: UInt64, insteadOf old: UInt64) -> Bool {
            if ifNone, old != 0 { return false }
            if ifAny, old == 0 { return false }
            if ifLater, old == 0 || next <= old { return false }
            return !(ifSooner && old != 0 && next >= old)
        }
    }

    func executeEXPIRE(
        _ operation: KeyOperation,
        _ bytes: UnsafeRawBufferPointer,
        _ unit: SetOptions.Unit,
        _ name: String
    ) throws(StorageError) {
        guard let condition = expiryCondition(bytes) else { return }
        let parsed = SetOptions.expiry(
            arguments.bytes(2, in: bytes),
            unit: unit,
            isAbsolute: false,
            now: operation.now,
            command: name,
            allowsPast: true
        )
        guard case .success(let expiry) = parsed else {
            if case .failure(let failure) = parsed { output.writeRESPError(failure.text) }
            return
        }
        var value: [UInt8] = []
        var old: UInt64 = 0
        let exists = try current(operation) {
            value = Array($0.bytes)
            old = $0.expiry
        }
        guard exists, condition.allows(expiry, insteadOf: old) else {
            holdForWhatWasSeen(operation)
            return output.writeRESPInteger(0)
        }
        if expiry <= operation.now {
            queueDelete(operation)
        } else {
            value.withUnsafeBytes { queuePut(operation, $0, expiry: expiry) }
        }
        output.writeRESPInteger(1)
    }

    /// The words behind `EXPIRE key time`; nil when they were refused.
    private func expiryCondition(_ bytes: UnsafeRawBufferPointer) -> ExpiryCondition? {
        var condition = ExpiryCondition()
        for index in 3..<max(3, arguments.count) {
            switch word(index, bytes).uppercased() {
            case "NX": condition.ifNone = true
            case "XX": condition.ifAny = true
            case "GT": condition.ifLater = true
            case "LT": condition.ifSooner = true
            default:
                let option = text(of: index, in: bytes, max: arguments.bytes(index, in: bytes).count)
                output.writeRESPError(bytes: Array("ERR Unsupported option ".utf8) + option)
                return nil
            }
        }
        guard let contradiction = condition.contradiction else { return condition }
        output.writeRESPError(contradiction)
        return nil
    }

    func executePERSIST(_ operation: KeyOperation) throws(StorageError) {
        var value: [UInt8] = []
        var expiry: UInt64 = 0
        let exists = try current(operation) {
            expiry = $0.expiry
            if expiry != 0 { value = Array($0.bytes) }
        }
        guard exists, expiry != 0 else {
            holdForWhatWasSeen(operation)
            return output.writeRESPInteger(0)
        }
        value.withUnsafeBytes { queuePut(operation, $0, expiry: 0) }
        output.writeRESPInteger(1)
    }
}
