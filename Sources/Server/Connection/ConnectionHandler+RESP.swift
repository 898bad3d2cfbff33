import NIOCore
import Routing
import Storage

extension ConnectionHandler {
    /// What became of a command.
    enum Outcome {
        /// It is answered, waits, or the connection ends.
        case done
        /// It has to be evaluated anew under the store's lock: it writes, or stands behind a write of this connection.
        case needsLock
        /// The same without the lock.
        case needsNoLock
        /// A key is only in the engine: it is fetched, then the command is evaluated anew.
        case needsEngine
        /// It touches many keys: the rest of them comes in a later turn of the loop.
        case needsTurn
    }

    /// Why a pass over the input came to its end.
    private enum PassEnd {
        case stopped
        case broken(String)
        case foreign
        /// The command at the offset goes on later.
        case paused(Outcome)
    }

    /// What a pass has done.
    struct PassProgress {
        /// Of the next command in the input.
        var offset = 0
        var executed = 0
        /// Where the last executed command begins.
        var last = 0
    }

    /// Decodes and executes whole commands in `input`: reads without the store's lock, and from the first write on under
    /// one hold of it, which never lasts across I/O.
    func processRESP() {
        let state = loop.state
        let store = state.store
        var broken: String?
        var progress = PassProgress()
        var pass = StorePass(store)
        isAgeUnknown = !state.isLeader && loop.control.stalenessMilliseconds == nil
        isLapsed = state.isLeader && !(store?.leadsOrHolds ?? true)
        let consumed = input.withUnsafeReadableBytes { bytes in
            while true {
                let end = executeWhole(bytes, store, &pass, &progress)
                guard pass.settle(reads: passReads) else {
                    takeBack(pass, &progress)
                    continue
                }
                switch end {
                case .stopped: return progress.offset
                case .broken(let message):
                    broken = message
                    return bytes.count
                case .foreign:
                    endForOtherProtocol()
                    return bytes.count
                case .paused(let outcome):
                    pause(for: outcome, bytes)
                    if isBlocked { return progress.offset }
                }
            }
        }
        if let port = loop.port { store?.rest(port) }
        // Asked again behind the reads: the process may have been stopped in the middle of them.
        let hasLapsed = state.isLeader && !isLapsed && consumed > 0 && !(store?.leadsOrHolds ?? true)
        if hasLapsed { return abandonHeldReplies() }
        if progress.executed > 0 { noteSlowPass(progress.executed, last: progress.last) }
        input.moveReaderIndex(forwardBy: consumed)
        if input.readableBytes == 0 { input.clear() }
        if pass.needsCommit { loop.scheduleCommit() }
        if let broken {
            output.writeRESPError("ERR " + broken)
            loop.counters.errors.add(1)
            isClosing = true
        }
    }

    private func executeWhole(
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore?,
        _ pass: inout StorePass,
        _ progress: inout PassProgress
    ) -> PassEnd {
        while !isBlocked, !waitsForRoom, !isClosing, output.readableBytes < ConnectionHandler.outputBytesMax {
            switch parser.parse(bytes, from: progress.offset, into: &arguments) {
            case .incomplete: return .stopped
            case .broken(let message): return .broken(message)
            case .foreign: return .foreign
            case .complete(let end):
                if arguments.count > 0 {
                    let start = output.writerIndex
                    guard let outcome = evaluate(bytes, store, &pass, progress) else {
                        takeBack(pass, &progress)
                        continue
                    }
                    if outcome != .done {
                        output.moveWriterIndex(to: start)
                        return .paused(outcome)
                    }
                    if waitsForRoom { return .stopped }
                    progress.executed += 1
                    progress.last = progress.offset
                    manyKeys = nil
                    countError(from: start)
                    if !isBlocked { countReply() }
                }
                progress.offset = end
            }
        }
        return .stopped
    }

    /// What was read without the lock is evaluated anew: what it went by has changed meanwhile.
    private func takeBack(_ pass: StorePass, _ progress: inout PassProgress) {
        output.moveWriterIndex(to: pass.run.output)
        passReads = pass.run.reads
        manyKeys = nil
        parser.startOver()
        progress.offset = pass.run.offset
        progress.executed = pass.run.executed
    }

    /// Evaluates one command, with the lock if it needs it.
    /// - Returns: nil if what was read before it in this pass is void.
    @inline(__always)
    private func evaluate(
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore?,
        _ pass: inout StorePass,
        _ progress: PassProgress
    ) -> Outcome? {
        while true {
            pass.begin(
                StorePass.Run(
                    offset: progress.offset,
                    output: output.writerIndex,
                    executed: progress.executed,
                    reads: passReads
                )
            )
            let isFree = !pass.isLocked && passReads == pass.run.reads
            let outcome = execute(bytes, store, isLocked: pass.isLocked, isFree: isFree, pass.locksReads)
            switch outcome {
            case .needsLock: guard pass.lock(reads: passReads) else { return nil }
            case .needsNoLock: guard pass.settle(reads: passReads) else { return nil }
            case .done, .needsEngine, .needsTurn: return outcome
            }
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

    /// One command.
    /// - Parameters:
    ///   - isLocked: the store's lock is held.
    ///   - isFree: it is not, and nothing was read before that might be void.
    ///   - locksReads: reads, too, want the lock.
    @inline(__always)
    private func execute(
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore?,
        isLocked: Bool,
        isFree: Bool,
        _ locksReads: Bool
    ) -> Outcome {
        if transaction.isOpen {
            guard isFree else { return .needsNoLock }
            if answerInsideTransaction(bytes) { return .done }
        }
        let name = arguments.bytes(0, in: bytes)
        guard let command = RESPCommand.lookup(name) else {
            guard isFree else { return .needsNoLock }
            executeUnknown(name, bytes)
            return .done
        }
        let count = arguments.count
        guard command.arity >= 0 ? count == command.arity : count >= -command.arity else {
            output.writeRESPError("ERR wrong number of arguments for '\(command.name)' command")
            return .done
        }
        if command.firstKey == 0 {
            guard isFree else { return .needsNoLock }
            loop.counters.commands.add(1)
            executeKeyless(command, bytes)
            // WAIT is meant to wait.
            if isBlocked, command != .wait { blocking = (passStart, SlowLog.words(of: arguments, in: bytes)) }
            return .done
        }
        guard let store, let port = loop.port else {
            writeElsewhere(bytes)
            return .done
        }
        let outcome = executeKeyed(command, bytes, store, port, isLocked: isLocked, locksReads)
        if outcome == .done { loop.counters.commands.add(1) }
        return outcome
    }

    private func executeUnknown(_ name: UnsafeRawBufferPointer, _ bytes: UnsafeRawBufferPointer) {
        if CrossProtocolGuard.isForeign(arrayName: name) { return endForOtherProtocol() }
        if answerTransactionCommand(bytes) { return }
        if !beginReplication(bytes), !beginMigration(bytes) { writeUnknownCommand(bytes) }
    }

    private func executeKeyed(
        _ command: RESPCommand,
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore,
        _ port: StorePort,
        isLocked: Bool,
        _ locksReads: Bool
    ) -> Outcome {
        let key = arguments.bytes(1, in: bytes)
        guard key.count <= StorageLimits.keyBytesMax else {
            output.writeRESPError(
                "ERR key is \(key.count) bytes long, at most \(StorageLimits.keyBytesMax) are allowed"
            )
            return .done
        }
        guard key.count > 0 else {
            output.writeRESPError("ERR an empty key is not allowed")
            return .done
        }
        let slot = KeySlot.slot(of: key)
        if !isLocked {
            // Whatever is not plainly served is judged under the lock, where it can be parked.
            guard !command.isWrite, marks.isEmpty, !locksReads, servesRead(slot, store),
                command.lastKey == command.firstKey || areServed(slot, command, bytes)
            else { return .needsLock }
        } else if !admits(command, slot, bytes, store, port) {
            return .done
        }
        loop.heat.note(slot)
        guard command.isWrite else { return executeRead(command, slot, key, bytes, store, port, isLocked: isLocked) }
        let operation = KeyOperation(
            slot: slot,
            key: key,
            hash: KeyHash.hash(key),
            now: passNow,
            store: store,
            port: port
        )
        return executeWrite(command, operation, bytes)
    }

    /// Whether reads of the slot are served here and now, without further question. Without the store's lock.
    @inline(__always)
    private func servesRead(_ slot: UInt16, _ store: ShardStore) -> Bool {
        let state = loop.state
        if state.isLeader { return !isLapsed && store.servesReads(slot) && (store.isGated || state.owns(slot)) }
        return acceptsReplicaReads && !isAgeUnknown && state.owns(slot) && !state.isAboutToLead
            && store.showsReads(slot)
    }

    /// Whether all keys of the command are plainly in that slot. Without the store's lock.
    private func areServed(_ slot: UInt16, _ command: RESPCommand, _ bytes: UnsafeRawBufferPointer) -> Bool {
        let isAlone = loop.state.map.shardNames.count == 1
        if isAlone, !(loop.state.isLeader && loop.state.store?.isGated ?? false) { return true }
        let last = command.lastKey < 0 ? arguments.count + command.lastKey : command.lastKey
        return stride(from: 1 + command.step, through: last, by: command.step).allSatisfy {
            KeySlot.slot(of: arguments.bytes($0, in: bytes)) == slot
        }
    }

    /// Whether the command may be evaluated now; if not, it has been answered, or is parked. Lock held.
    private func admits(
        _ command: RESPCommand,
        _ slot: UInt16,
        _ bytes: UnsafeRawBufferPointer,
        _ store: ShardStore,
        _ port: StorePort
    ) -> Bool {
        let state = loop.state
        let isGated = state.isLeader && store.isGated
        guard isGated || state.owns(slot) else { return refuse { writeMoved(slot) } }
        if state.isAboutToLead { return refuse(waitAtTheDoor) }
        if command.isWrite ? !state.isLeader : !(state.isLeader || acceptsReplicaReads) {
            return refuse { writeMoved(slot) }
        }
        if state.isLeader {
            if isLapsed { return refuse { writeNoLeader(slot) } }
            if !command.isWrite, store.holdsReads(port) { return refuse(waitAtTheDoor) }
            switch store.door(slot: slot, isWrite: command.isWrite, port: port) {
            case .open: break
            case .wait: return refuse(waitAtTheDoor)
            case .elsewhere: return refuse { if state.owns(slot) { waitAtTheDoor() } else { writeMoved(slot) } }
            }
        } else if store.holdsNoState {
            return refuse(writeTakingCopy)
        } else if isAgeUnknown {
            return refuse {
                output.writeRESPError("MASTERDOWN this replica can't know how old its data is: it has no leader")
            }
        } else if store.disowns(slot) {
            // Its leader has given the slot away, or not got it yet, and the map that is known here is of another moment.
            return refuse { writeMoved(slot) }
        }
        guard command.lastKey != command.firstKey else { return true }
        switch slots(command, bytes, slot, store, port) {
        case .same: return true
        case .wait: return refuse(waitAtTheDoor)
        case .different:
            return refuse { output.writeRESPError("CROSSSLOT Keys in request don't hash to the same slot") }
        }
    }

    private func refuse(_ answer: () -> Void) -> Bool {
        answer()
        return false
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
