import NIOCore
import Routing
import Storage

/// Commands that write. Each is evaluated at once, against the writes in flight, the hot table and the engine; its
/// record joins the open batch and its reply waits for that batch.
extension ConnectionHandler {
    func executeWrite(
        _ command: RESPCommand,
        _ operation: KeyOperation,
        _ bytes: UnsafeRawBufferPointer
    ) -> Outcome {
        guard admit(bytes) else { return .done }
        do throws(StorageError) {
            if let failure = takeFetchFailure() { throw failure }
            switch command {
            case .set: try executeSET(operation, bytes)
            case .setnx: try store(operation, arguments.bytes(2, in: bytes), condition: .ifAbsent, reply: .integer)
            case .setex: try executeSETEX(operation, bytes, .seconds, "setex")
            case .psetex: try executeSETEX(operation, bytes, .milliseconds, "psetex")
            case .getset: try replaceReturningOld(operation, arguments.bytes(2, in: bytes))
            case .getdel: try executeGETDEL(operation)
            case .del, .unlink: return try executeDEL(operation, bytes)
            case .mset: executeMSET(operation, bytes)
            case .incr: try executeAdd(operation, 1)
            case .decr: try executeAdd(operation, -1)
            case .incrby, .decrby: try executeAddBy(operation, bytes, isDecrement: command == .decrby)
            case .append: try executeAPPEND(operation, arguments.bytes(2, in: bytes))
            case .expire: try executeEXPIRE(operation, bytes, .seconds, "expire")
            case .pexpire: try executeEXPIRE(operation, bytes, .milliseconds, "pexpire")
            case .persist: try executePERSIST(operation)
            default: output.writeRESPError("ERR '\(command.name)' does not write")
            }
        } catch {
            if error.code == .cold { return .needsEngine }
            output.writeRESPError(error)
        }
        return .done
    }

    /// Whether the command may be evaluated now; otherwise it waits in `input` or has been refused.
    private func admit(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let store = loop.state.store, let port = loop.port else { return false }
        var size = 0
        for index in 1..<arguments.count {
            let length = arguments.bytes(index, in: bytes).count
            if length > StorageLimits.valueBytesMax {
                output.writeRESPError(
                    "ERR value is \(length) bytes long, at most \(StorageLimits.valueBytesMax) are allowed"
                )
                return false
            }
            size += length + LogRecord.headerBytes
        }
        switch store.admit(bytes: size, port: port) {
        case .admitted: return true
        case .wait: waitAtTheDoor()
        case .refused(let error): output.writeRESPError(error)
        }
        return false
    }

    enum WriteReply { case ok, integer }

    /// Queues the value; the reply waits for it.
    func queuePut(_ operation: KeyOperation, _ value: UnsafeRawBufferPointer, expiry: UInt64) {
        let number = operation.store.put(
            slot: operation.slot,
            key: operation.key,
            value: value,
            expiry: expiry,
            port: operation.port
        )
        hold(for: number, isWrite: true)
    }

    func queueDelete(_ operation: KeyOperation) {
        hold(for: operation.store.delete(slot: operation.slot, key: operation.key, port: operation.port), isWrite: true)
    }

    /// A conditional command that changed nothing tells of writes in flight, so it waits for them.
    func holdForWhatWasSeen(_ operation: KeyOperation) {
        if let number = operation.store.awaitPending(operation.port) { hold(for: number, isWrite: false) }
    }

    /// The newest state of the key, writes in flight included, as far as memory can tell.
    @inline(__always)
    func newest(_ operation: KeyOperation, _ body: (StoredValue) -> Void) -> KeyState {
        operation.store.readNewest(
            slot: operation.slot,
            key: operation.key,
            hash: operation.hash,
            now: operation.now,
            body
        )
    }

    /// Whether the key is there now.
    /// - Throws: `.cold` when only the engine knows: nothing may have been queued before, and the command is evaluated anew.
    func current(_ operation: KeyOperation, _ body: (StoredValue) -> Void) throws(StorageError) -> Bool {
        switch newest(operation, body) {
        case .present: return true
        case .absent: return false
        case .cold: throw ConnectionHandler.cold
        }
    }

    private static let cold = StorageError(.cold, "the key is not in memory")

    private func executeSET(_ operation: KeyOperation, _ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        let value = arguments.bytes(2, in: bytes)
        if arguments.count == 3 {
            queuePut(operation, value, expiry: 0)
            return output.writeRESPOK()
        }
        let parsed = SetOptions.parse(count: arguments.count, now: operation.now) { arguments.bytes($0, in: bytes) }
        switch parsed {
        case .failure(let failure): output.writeRESPError(failure.text)
        case .success(let options): try executeSET(operation, value, options)
        }
    }

    private func executeSET(
        _ operation: KeyOperation,
        _ value: UnsafeRawBufferPointer,
        _ options: SetOptions
    ) throws(StorageError) {
        var old: [UInt8] = []
        var oldExpiry: UInt64 = 0
        var exists = false
        if options.condition != .always || options.returnsOldValue || options.keepsExpiry {
            exists = try current(operation) {
                oldExpiry = $0.expiry
                if options.returnsOldValue { old = Array($0.bytes) }
            }
        }
        let isAllowed =
            switch options.condition {
            case .always: true
            case .ifAbsent: !exists
            case .ifPresent: exists
            }
        if isAllowed {
            queuePut(operation, value, expiry: options.keepsExpiry ? oldExpiry : options.expiry)
        } else {
            holdForWhatWasSeen(operation)
        }
        if options.returnsOldValue {
            if exists {
                old.withUnsafeBytes { output.writeRESPBulk($0) }
            } else {
                output.writeRESPNull(version: respVersion)
            }
        } else if isAllowed {
            output.writeRESPOK()
        } else {
            output.writeRESPNull(version: respVersion)
        }
    }

    private func store(
        _ operation: KeyOperation,
        _ value: UnsafeRawBufferPointer,
        condition: SetOptions.Condition,
        reply: WriteReply
    ) throws(StorageError) {
        if try current(operation, { _ in }) {
            holdForWhatWasSeen(operation)
            return output.writeRESPInteger(0)
        }
        queuePut(operation, value, expiry: 0)
        output.writeRESPInteger(1)
    }

    private func executeSETEX(
        _ operation: KeyOperation,
        _ bytes: UnsafeRawBufferPointer,
        _ unit: SetOptions.Unit,
        _ name: String
    ) throws(StorageError) {
        let time = arguments.bytes(2, in: bytes)
        switch SetOptions.expiry(time, unit: unit, isAbsolute: false, now: operation.now, command: name) {
        case .failure(let failure): output.writeRESPError(failure.text)
        case .success(let expiry):
            queuePut(operation, arguments.bytes(3, in: bytes), expiry: expiry)
            output.writeRESPOK()
        }
    }

    private func replaceReturningOld(_ operation: KeyOperation, _ value: UnsafeRawBufferPointer) throws(StorageError) {
        var options = SetOptions()
        options.returnsOldValue = true
        try executeSET(operation, value, options)
    }

    private func executeGETDEL(_ operation: KeyOperation) throws(StorageError) {
        var old: [UInt8] = []
        guard try current(operation, { old = Array($0.bytes) }) else {
            holdForWhatWasSeen(operation)
            return output.writeRESPNull(version: respVersion)
        }
        queueDelete(operation)
        old.withUnsafeBytes { output.writeRESPBulk($0) }
    }

    private func executeMSET(_ operation: KeyOperation, _ bytes: UnsafeRawBufferPointer) {
        guard arguments.count % 2 == 1 else {
            return output.writeRESPError("ERR wrong number of arguments for 'mset' command")
        }
        // All or nothing: the keys are checked before the first one is queued, and one batch holds them all.
        for index in stride(from: 1, to: arguments.count, by: 2) {
            let length = arguments.bytes(index, in: bytes).count
            guard length > 0, length <= StorageLimits.keyBytesMax else {
                return output.writeRESPError(
                    "ERR key is \(length) bytes long, 1 to \(StorageLimits.keyBytesMax) are allowed"
                )
            }
        }
        for index in stride(from: 1, to: arguments.count, by: 2) {
            let key = arguments.bytes(index, in: bytes)
            let number = operation.store.put(
                slot: KeySlot.slot(of: key),
                key: key,
                value: arguments.bytes(index + 1, in: bytes),
                expiry: 0,
                port: operation.port
            )
            if index == 1 { hold(for: number, isWrite: true) }
        }
        output.writeRESPOK()
    }
}
