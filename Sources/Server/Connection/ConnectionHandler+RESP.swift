import NIOCore
import Routing
import Storage

extension ConnectionHandler {
    /// Decodes and executes all whole commands in `input` under one hold of the store's lock.
    func processRESP() {
        let state = loop.state
        let store = state.store
        var broken: String?
        var (executed, last) = (0, 0)
        isAgeUnknown = !state.isLeader && loop.control.stalenessMilliseconds == nil
        store?.lock.lock()
        isLapsed = state.isLeader && !(store?.leadsOrHolds ?? true)
        let consumed = input.withUnsafeReadableBytes { bytes in
            var offset = 0
            while !isBlocked, !waitsForRoom, !isClosing, output.readableBytes < ConnectionHandler.outputBytesMax {
                switch RESPRequestParser.parse(bytes, from: offset, into: &arguments) {
                case .incomplete: return offset
                case .broken(let message):
                    broken = message
                    return bytes.count
                case .foreign:
                    endForOtherProtocol()
                    return bytes.count
                case .complete(let end):
                    if arguments.count > 0 {
                        let start = output.writerIndex
                        execute(bytes, store)
                        if waitsForRoom { return offset }
                        (executed, last) = (executed + 1, offset)
                        countError(from: start)
                        if !isBlocked { countReply() }
                    }
                    offset = end
                }
            }
            return offset
        }
        let needsCommit = store?.needsCommit ?? false
        // Asked again behind the reads: the process may have been stopped in the middle of them.
        let hasLapsed = state.isLeader && !isLapsed && consumed > 0 && !(store?.leadsOrHolds ?? true)
        store?.lock.unlock()
        if hasLapsed { return abandonHeldReplies() }
        if executed > 0 { noteSlowPass(executed, last: last) }
        input.moveReaderIndex(forwardBy: consumed)
        if input.readableBytes == 0 { input.clear() }
        if needsCommit { loop.scheduleCommit() }
        if let broken {
            output.writeRESPError("ERR " + broken)
            loop.counters.errors.add(1)
            isClosing = true
        }
    }

    /// Counts the reply that begins at `start` if it is an error.
    @inline(__always)
    func countError(from start: Int) {
        guard output.writerIndex > start, output.getInteger(at: start, as: UInt8.self) == UInt8(ascii: "-") else {
            return
        }
        loop.counters.errors.add(1)
    }

    /// One command. The store's lock is held, if there is a store.
    @inline(__always)
    private func execute(_ bytes: UnsafeRawBufferPointer, _ store: ShardStore?) {
        if transaction.isOpen, answerInsideTransaction(bytes) { return }
        let name = arguments.bytes(0, in: bytes)
        guard let command = RESPCommand.lookup(name) else {
            if CrossProtocolGuard.isForeign(arrayName: name) { return endForOtherProtocol() }
            if answerTransactionCommand(bytes) { return }
            if !beginReplication(bytes), !beginMigration(bytes) { writeUnknownCommand(bytes) }
            return
        }
        let count = arguments.count
        guard command.arity >= 0 ? count == command.arity : count >= -command.arity else {
            return output.writeRESPError("ERR wrong number of arguments for '\(command.name)' command")
        }
        loop.counters.commands.add(1)
        if command.firstKey == 0 {
            executeKeyless(command, bytes)
            // WAIT is meant to wait.
            if isBlocked, command != .wait { blocking = (passStart, words(in: bytes)) }
            return
        }
        guard let store, let port = loop.port else { return writeElsewhere(bytes) }
        executeKeyed(command, bytes, store, port)
    }

    private func executeKeyed(
        _ command: RESPCommand,
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore,
        _ port: StorePort
    ) {
        let key = arguments.bytes(1, in: bytes)
        guard key.count <= StorageLimits.keyBytesMax else {
            return output.writeRESPError(
                "ERR key is \(key.count) bytes long, at most \(StorageLimits.keyBytesMax) are allowed"
            )
        }
        guard key.count > 0 else { return output.writeRESPError("ERR an empty key is not allowed") }
        let slot = KeySlot.slot(of: key)
        let state = loop.state
        let isGated = state.isLeader && store.isGated
        guard isGated || state.owns(slot) else { return writeMoved(slot) }
        if state.isAboutToLead { return waitAtTheDoor() }
        if command.isWrite ? !state.isLeader : !(state.isLeader || acceptsReplicaReads) { return writeMoved(slot) }
        if state.isLeader {
            if isLapsed { return writeNoLeader(slot) }
            if !command.isWrite, store.holdsReads(port) { return waitAtTheDoor() }
            switch store.door(slot: slot, isWrite: command.isWrite, port: port) {
            case .open: break
            case .wait: return waitAtTheDoor()
            case .elsewhere: return state.owns(slot) ? waitAtTheDoor() : writeMoved(slot)
            }
        } else if store.holdsNoState {
            return writeTakingCopy()
        } else if isAgeUnknown {
            return output.writeRESPError("MASTERDOWN this replica can't know how old its data is: it has no leader")
        } else if store.disowns(slot) {
            // Its leader has given the slot away, or not got it yet, and the map that is known here is of another moment.
            return writeMoved(slot)
        }
        if command.lastKey != command.firstKey {
            switch slots(command, bytes, slot, store, port) {
            case .same: break
            case .wait: return waitAtTheDoor()
            case .different:
                return output.writeRESPError("CROSSSLOT Keys in request don't hash to the same slot")
            }
        }
        loop.heat.note(slot)
        if command.isWrite {
            let operation = KeyOperation(
                slot: slot,
                key: key,
                hash: KeyHash.hash(key),
                now: passNow,
                store: store,
                port: port
            )
            executeWrite(command, operation, bytes)
        } else {
            executeRead(command, slot, key, bytes, store, port)
        }
    }

    private enum KeySlots { case same, wait, different }

    /// Whether all keys are in the slot. A cluster of one shard takes any keys: nothing can be elsewhere, and programs
    /// written for a single Redis work. Another shard may be coming, though.
    private func slots(
        _ command: RESPCommand,
        _ bytes: UnsafeRawBufferPointer,
        _ slot: UInt16,
        _ store: ShardStore,
        _ port: StorePort
    ) -> KeySlots {
        let isAlone = loop.state.map.shardNames.count == 1
        if isAlone, !(loop.state.isLeader && store.isGated) { return .same }
        let last = command.lastKey < 0 ? arguments.count + command.lastKey : command.lastKey
        var index = 1 + command.step
        while index <= last {
            let other = KeySlot.slot(of: arguments.bytes(index, in: bytes))
            if other != slot {
                guard isAlone else { return .different }
                switch store.door(slot: other, isWrite: command.isWrite, port: port) {
                case .open: break
                case .wait: return .wait
                case .elsewhere: return .different
                }
            }
            index += command.step
        }
        return .same
    }

    func writeMoved(_ slot: UInt16) {
        guard let leader = loop.state.leader(ofSlot: slot) else { return writeNoLeader(slot) }
        // As Redis prints it: no brackets around IPv6.
        output.writeString("-MOVED \(slot) \(leader.host):\(leader.port)\r\n")
    }

    private func writeNoLeader(_ slot: UInt16) {
        output.writeRESPError("CLUSTERDOWN shard \(loop.state.map.ownerName(of: slot)) has no leader now")
    }

    /// The shard is not open here: whoever leads the key's shard is the one to ask.
    private func writeElsewhere(_ bytes: UnsafeRawBufferPointer) {
        let slot = KeySlot.slot(of: arguments.bytes(1, in: bytes))
        if loop.state.otherLeader(ofSlot: slot) == nil { writeNotServing() } else { writeMoved(slot) }
    }

    /// The command stays in `input` and is evaluated anew when the store says so.
    func waitAtTheDoor() {
        waitsForRoom = true
        if !isRegisteredWaiting {
            isRegisteredWaiting = true
            loop.wait(self)
        }
    }

    func writeTakingCopy() {
        output.writeRESPError("LOADING this replica is taking a full copy from its leader")
    }

    func writeNotServing() {
        let state = loop.state
        switch state.phase {
        case .starting, .syncing: output.writeRESPError("LOADING \(state.message)")
        default: output.writeRESPError("CLUSTERDOWN Shard \(state.shardName) is \(state.phase.rawValue) on this node")
        }
    }

    private func writeUnknownCommand(_ bytes: UnsafeRawBufferPointer) {
        var quoted: [UInt8] = []
        var index = 1
        // As in Redis: 128 bytes of arguments in all, quotes and spaces included, each up to its first zero byte.
        while index < arguments.count, quoted.count < 128 {
            quoted.append(UInt8(ascii: "'"))
            quoted += text(of: index, in: bytes, max: 129 - quoted.count)
            quoted += Array("' ".utf8)
            index += 1
        }
        let name = text(of: 0, in: bytes, max: 128)
        output.writeRESPError(
            bytes: Array("ERR unknown command '".utf8) + name + Array("', with args beginning with: ".utf8) + quoted
        )
    }

    /// An argument as Redis quotes it in errors: its first bytes, up to a zero byte.
    func text(of index: Int, in bytes: UnsafeRawBufferPointer, max count: Int) -> [UInt8] {
        Array(arguments.bytes(index, in: bytes).prefix(count).prefix { $0 != 0 })
    }
}

/// What every write needs: the key, where it belongs, the clock and the store (locked).
struct KeyOperation {
    let slot: UInt16
    let key: UnsafeRawBufferPointer
    let hash: UInt32
    /// Milliseconds since 1970.
    let now: UInt64
    let store: ShardStore
    let port: StorePort
}
