import NIOCore
import Routing
import Storage

extension ConnectionHandler {
    /// Why a pass over the input came to its end.
    private enum PassEnd {
        case stopped
        case broken(String)
        case foreign
        /// The command at the offset goes on later.
        case paused(CommandOutcome)
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
        var pass = StorePass(store, makeSession())
        pass.session?.progress = manyKeys
        let node = Admission.NodeView(state, loop.control)
        let consumed = input.withUnsafeReadableBytes { bytes in
            while true {
                let end = executeWhole(bytes, node, &pass, &progress)
                guard pass.settle(reads: passReads) else {
                    takeBack(&pass, &progress)
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
                    pause(for: outcome, arguments.view(in: bytes), &pass)
                    if isBlocked { return progress.offset }
                }
            }
        }
        manyKeys = pass.session?.progress
        if let port = loop.port { store?.rest(port) }
        // Asked again after the reads: the process may have been stopped in the middle of them.
        let hasLapsed = state.isLeader && !node.isLapsed && consumed > 0 && !(store?.leadsOrHolds ?? true)
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
        _ node: Admission.NodeView,
        _ pass: inout StorePass,
        _ progress: inout PassProgress
    ) -> PassEnd {
        while goesOn {
            switch parser.parse(bytes, from: progress.offset, into: &arguments) {
            case .incomplete: return .stopped
            case .broken(let message): return .broken(message)
            case .foreign: return .foreign
            case .complete(let end):
                if arguments.count > 0 {
                    let start = output.writerIndex
                    guard let outcome = evaluate(arguments.view(in: bytes), node, &pass, progress) else {
                        takeBack(&pass, &progress)
                        continue
                    }
                    if outcome != .done {
                        output.moveWriterIndex(to: start)
                        return .paused(outcome)
                    }
                    if waitsForRoom { return .stopped }
                    progress.executed += 1
                    progress.last = progress.offset
                    pass.session?.progress = nil
                    countError(from: start)
                    if !isBlocked { countReply() }
                }
                progress.offset = end
            }
        }
        return .stopped
    }

    /// What was read without the lock is evaluated anew: what it went by has changed meanwhile.
    private func takeBack(_ pass: inout StorePass, _ progress: inout PassProgress) {
        output.moveWriterIndex(to: pass.run.output)
        passReads = pass.run.reads
        pass.session?.progress = nil
        parser.startOver()
        progress.offset = pass.run.offset
        progress.executed = pass.run.executed
    }

    /// Evaluates one command, with the lock if it needs it.
    /// - Returns: nil if what was read before it in this pass is void.
    @inline(__always)
    private func evaluate(
        _ arguments: Arguments,
        _ node: Admission.NodeView,
        _ pass: inout StorePass,
        _ progress: PassProgress
    ) -> CommandOutcome? {
        while true {
            pass.begin(
                StorePass.Run(
                    offset: progress.offset,
                    output: output.writerIndex,
                    executed: progress.executed,
                    reads: passReads
                )
            )
            let outcome = execute(arguments, node, &pass)
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
    @inline(__always)
    private func execute(
        _ arguments: Arguments,
        _ node: Admission.NodeView,
        _ pass: inout StorePass
    ) -> CommandOutcome {
        // The lock is not held, and nothing was read before that might be void.
        let isFree = !pass.isLocked && passReads == pass.run.reads
        if transaction.isOpen {
            guard isFree else { return .needsNoLock }
            if answerInsideTransaction(arguments) { return .done }
        }
        guard let command = RESPCommand.lookup(arguments[0]) else {
            guard isFree else { return .needsNoLock }
            executeUnknown(arguments)
            return .done
        }
        guard command.takes(count: arguments.count) else {
            reply.wrongCount(of: command.name)
            return .done
        }
        switch command.execution {
        case .keyless(let run):
            guard isFree else { return .needsNoLock }
            loop.counters.commands.add(1)
            run(self, arguments, &reply)
            // WAIT is meant to wait.
            if isBlocked, command.name != "wait" { blocking = (passStart, SlowLog.words(of: arguments)) }
            return .done
        case .data(let run):
            guard pass.session != nil else {
                writeElsewhere(arguments)
                return .done
            }
            let outcome = executeKeyed(command, run, arguments, node, &pass)
            if outcome == .done { loop.counters.commands.add(1) }
            return outcome
        }
    }

    private func executeUnknown(_ arguments: Arguments) {
        if CrossProtocolGuard.isForeign(arrayName: arguments[0]) { return endForOtherProtocol() }
        if answerTransactionCommand(arguments) { return }
        if !beginReplication(arguments), !beginMigration(arguments) { writeUnknownCommand(arguments) }
    }

    private func executeKeyed(
        _ command: RESPCommand,
        _ run: DataCommand,
        _ arguments: Arguments,
        _ node: Admission.NodeView,
        _ pass: inout StorePass
    ) -> CommandOutcome {
        guard let store = pass.session?.store, let port = pass.session?.port else { return .done }
        let key = arguments[1]
        guard key.count > 0, key.count <= StorageLimits.keyBytesMax else {
            writeUnfitKey(key.count)
            return .done
        }
        let slot = KeySlot.slot(of: key)
        if !pass.isLocked {
            guard !command.isWrite, marks.isEmpty, !pass.locksReads,
                Admission(freely: slot, node, store).decide(intent(of: command)) == .serve,
                command.lastKey == command.firstKey || areServed(slot, command, arguments)
            else { return .needsLock }
        } else if !admits(command, slot, arguments, node, store, port) {
            return .done
        }
        loop.heat.note(slot)
        if command.isWrite {
            guard admitWrite(arguments, store, port) else { return .done }
        } else {
            passReads += 1
            // After a write of this connection a read must see it, and must not tell of it before it is durable.
            if pass.isLocked { pass.session?.awaitWhatWasSeen() }
        }
        pass.session?.key = ShardKey(key, slot: slot)
        return perform(run, arguments, &pass)
    }

    @inline(__always)
    private func perform(_ command: DataCommand, _ arguments: Arguments, _ pass: inout StorePass) -> CommandOutcome {
        let start = reply.end
        var outcome = CommandOutcome.done
        do throws(StorageError) {
            if let failure = takeFetchFailure() { throw failure }
            outcome = try pass.session?.run(command, arguments, &reply) ?? .done
        } catch {
            if error.code == .cold {
                outcome = .needsEngine
            } else {
                reply.takeBack(to: start)
                reply.error(error)
            }
        }
        if var effects = pass.session?.effects {
            settle(&effects, replyAt: start)
            pass.session?.effects = effects
        }
        return outcome
    }

    @inline(__always)
    private func intent(of command: RESPCommand) -> Admission.Intent {
        if command.isWrite { return .write }
        return acceptsReplicaReads ? .replicaRead(maxAge: nil) : .leaderRead
    }

    /// Whether all keys of the command are plainly in that slot. Without the store's lock.
    private func areServed(_ slot: UInt16, _ command: RESPCommand, _ arguments: Arguments) -> Bool {
        let isAlone = loop.state.map.shardNames.count == 1
        if isAlone, !(loop.state.isLeader && loop.state.store?.isGated ?? false) { return true }
        let last = command.lastKey < 0 ? arguments.count + command.lastKey : command.lastKey
        return stride(from: 1 + command.step, through: last, by: command.step).allSatisfy {
            KeySlot.slot(of: arguments[$0]) == slot
        }
    }

    /// Whether the command may be evaluated now; if not, it has been answered, or is parked. Lock held.
    private func admits(
        _ command: RESPCommand,
        _ slot: UInt16,
        _ arguments: Arguments,
        _ node: Admission.NodeView,
        _ store: ShardStore,
        _ port: StorePort
    ) -> Bool {
        let intent = intent(of: command)
        switch Admission(slot, intent, node, store, port).decide(intent) {
        case .serve: break
        case .park: return refuse(park)
        case .redirect: return refuse { writeMoved(slot) }
        case .noLeader: return refuse { writeNoLeader(slot) }
        case .refuse(.takingCopy): return refuse { reply.takingCopy() }
        case .refuse: return refuse { reply.error(ConnectionHandler.unknownAge) }
        }
        guard command.lastKey != command.firstKey else { return true }
        switch slots(command, arguments, slot, store, port) {
        case .same: return true
        case .wait: return refuse(park)
        case .different:
            return refuse { reply.error("CROSSSLOT Keys in request don't hash to the same slot") }
        }
    }

    private static let unknownAge = "MASTERDOWN this replica can't know how old its data is: it has no leader"

    /// Whether the store takes the write now; otherwise it waits in `input` or has been refused. Lock held.
    private func admitWrite(_ arguments: Arguments, _ store: ShardStore, _ port: StorePort) -> Bool {
        var size = 0
        for index in 1..<arguments.count {
            let length = arguments[index].count
            if length > StorageLimits.valueBytesMax {
                reply.error("ERR value is \(length) bytes long, at most \(StorageLimits.valueBytesMax) are allowed")
                return false
            }
            size += length + LogRecord.headerBytes
        }
        switch store.admit(bytes: size, port: port) {
        case .admitted: return true
        case .wait: park()
        case .refused(let error): reply.error(error)
        }
        return false
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
        _ arguments: Arguments,
        _ slot: UInt16,
        _ store: ShardStore,
        _ port: StorePort
    ) -> KeySlots {
        let isAlone = loop.state.map.shardNames.count == 1
        if isAlone, !(loop.state.isLeader && store.isGated) { return .same }
        let last = command.lastKey < 0 ? arguments.count + command.lastKey : command.lastKey
        var index = 1 + command.step
        while index <= last {
            let other = KeySlot.slot(of: arguments[index])
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
    private func writeElsewhere(_ arguments: Arguments) {
        let slot = KeySlot.slot(of: arguments[1])
        if loop.state.otherLeader(ofSlot: slot) == nil { reply.notServing(loop.state) } else { writeMoved(slot) }
    }

    /// The command stays in `input` and is evaluated anew when the store says so.
    func park() {
        waitsForRoom = true
        if !isRegisteredWaiting {
            isRegisteredWaiting = true
            loop.wait(self)
        }
    }

    private func writeUnfitKey(_ length: Int) {
        reply.error(
            length == 0
                ? "ERR an empty key is not allowed"
                : "ERR key is \(length) bytes long, at most \(StorageLimits.keyBytesMax) are allowed"
        )
    }

    private func writeUnknownCommand(_ arguments: Arguments) {
        var quoted: [UInt8] = []
        var index = 1
        // As in Redis: 128 bytes of arguments in all, quotes and spaces included, each up to its first zero byte.
        while index < arguments.count, quoted.count < 128 {
            quoted.append(UInt8(ascii: "'"))
            quoted += arguments.quoted(index, max: 129 - quoted.count)
            quoted += Array("' ".utf8)
            index += 1
        }
        let name = arguments.quoted(0, max: 128)
        reply.error(
            bytes: Array("ERR unknown command '".utf8) + name + Array("', with args beginning with: ".utf8) + quoted
        )
    }

    /// nil while the shard is not open here.
    func makeSession(isLocked: Bool = false) -> ShardSession? {
        guard let store = loop.state.store, let port = loop.port else { return nil }
        return ShardSession(store, port, now: passNow, isLocked: isLocked, engineReads: passEngineReads)
    }
}
