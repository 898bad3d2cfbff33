import Model
import NIOCore
import Routing
import Storage

/// Commands on keys: who may answer them, and what becomes of them.
extension RESPRequests {
    @inline(__always)
    func executeKeyed(
        _ connection: ConnectionHandler,
        _ command: RESPCommand,
        _ run: DataCommand,
        _ arguments: Arguments,
        _ node: Admission.NodeView,
        _ pass: inout StorePass
    ) -> CommandOutcome {
        guard let store = pass.store, let port = connection.loop.port else { return .done }
        let key = arguments[1]
        guard key.count > 0, key.count <= StorageLimits.keyBytesMax else {
            writeUnfitKey(key.count)
            return .done
        }
        let slot = KeySlot.slot(of: key)
        if !traits[command].hasOneKey { pass.session?.forgetVoidPart(isWrite: traits[command].isWrite) }
        if !pass.isLocked {
            guard !traits[command].isWrite, connection.queue.marks.isEmpty, !pass.locksReads,
                Admission(freely: slot, node, store).decide(intent(of: command)) == .serve
            else { return .needsLock }
            if !traits[command].hasOneKey {
                switch slots(command, arguments, slot, store, nil, &pass) {
                case .same: break
                case .unfinished: return .needsTurn
                case .wait, .different: return .needsLock
                }
            }
        } else {
            guard admits(slot, intent(of: command), node, store, port) else { return .done }
            if !traits[command].hasOneKey {
                switch slots(command, arguments, slot, store, port, &pass) {
                case .same: break
                case .unfinished: return .needsTurn
                case .wait:
                    connection.park()
                    return .done
                case .different:
                    connection.reply.error("CROSSSLOT Keys in request don't hash to the same slot")
                    return .done
                }
            }
        }
        connection.loop.heat.note(slot)
        if traits[command].isWrite {
            guard admitWrite(arguments, keys(of: command, arguments, pass), store, port) else { return .done }
        } else {
            connection.passReads += 1
            // After a write of this connection a read must see it, and must not tell of it before it is durable.
            if pass.isLocked { pass.session?.awaitWhatWasSeen() }
        }
        pass.session?.key = ShardKey(key, slot: slot)
        return perform(connection, run, arguments, &pass)
    }

    @inline(__always)
    private func perform(
        _ connection: ConnectionHandler,
        _ command: DataCommand,
        _ arguments: Arguments,
        _ pass: inout StorePass
    ) -> CommandOutcome {
        let start = connection.reply.end
        var outcome = CommandOutcome.done
        do throws(StorageError) {
            if let failure = KeyFetch.takeFailure(of: connection) { throw failure }
            outcome = try pass.session?.run(command, arguments, &connection.reply) ?? .done
        } catch {
            if error.code == .cold {
                outcome = .needsEngine
            } else {
                pass.session?.progress = nil
                connection.reply.takeBack(to: start)
                connection.reply.error(error)
            }
        }
        if var effects = pass.session?.effects {
            if effects.batch > 0 { pass.session?.progress?.note(effects) }
            connection.settle(&effects, replyAt: start)
            pass.session?.effects = effects
        }
        return outcome
    }

    @inline(__always)
    private func intent(of command: RESPCommand) -> Admission.Intent {
        if traits[command].isWrite { return .write }
        return acceptsReplicaReads ? .replicaRead(maxAge: nil) : .leaderRead
    }

    /// Whether the command may be evaluated now; if not, it has been answered, or is parked. Lock held.
    private func admits(
        _ slot: UInt16,
        _ intent: Admission.Intent,
        _ node: Admission.NodeView,
        _ store: ShardStore,
        _ port: StorePort
    ) -> Bool {
        switch Admission(slot, intent, node, store, port).decide(intent) {
        case .serve: return true
        case .park: return refuse(connection.park)
        case .redirect: return refuse { writeMoved(slot) }
        case .noLeader: return refuse { writeNoLeader(slot) }
        case .refuse(.takingCopy): return refuse { connection.reply.takingCopy() }
        case .refuse: return refuse { connection.reply.error(RESPRequests.unknownAge) }
        }
    }

    private static let unknownAge = "MASTERDOWN this replica can't know how old its data is: it has no leader"

    /// The arguments that are written now: of a command that goes in steps those of one step, which is a write of its own.
    @inline(__always)
    private func keys(of command: RESPCommand, _ arguments: Arguments, _ pass: borrowing StorePass) -> Range<Int> {
        guard !traits[command].hasOneKey, traits[command].step == 1 else { return 1..<arguments.count }
        let first = pass.session?.progress?.next ?? 1
        return first..<min(arguments.count, first + KeyProgress.keysPerTurn)
    }

    /// Whether the store takes the write now; otherwise it waits in `input` or has been refused. Lock held.
    private func admitWrite(
        _ arguments: Arguments,
        _ written: Range<Int>,
        _ store: ShardStore,
        _ port: StorePort
    ) -> Bool {
        var size = 0
        for index in written {
            let length = arguments[index].count
            if length > StorageLimits.valueBytesMax {
                let max = StorageLimits.valueBytesMax
                connection.reply.error("ERR value is \(length) bytes long, at most \(max) are allowed")
                return false
            }
            size += length + LogRecord.headerBytes
        }
        switch store.admit(bytes: size, port: port) {
        case .admitted: return true
        case .wait: connection.park()
        case .refused(let error): connection.reply.error(error)
        }
        return false
    }

    private func refuse(_ answer: () -> Void) -> Bool {
        answer()
        return false
    }

    private enum KeySlots {
        case same, wait, different
        /// There are more keys than one turn of the loop looks at.
        case unfinished
    }

    /// Whether all keys are in the slot. A cluster of one shard takes any keys: nothing can be elsewhere, and programs
    /// written for a single Redis work. Another shard may be coming, though.
    /// - Parameter port: nil without the store's lock: then only what is plainly in that slot is.
    private func slots(
        _ command: RESPCommand,
        _ arguments: Arguments,
        _ slot: UInt16,
        _ store: ShardStore,
        _ port: StorePort?,
        _ pass: inout StorePass
    ) -> KeySlots {
        let isAlone = state.map.shardNames.count == 1
        if isAlone, !(state.isLeader && store.isGated) { return .same }
        let step = command.step
        let last = command.lastKey < 0 ? arguments.count + command.lastKey : command.lastKey
        var index = max(1 + step, pass.session?.progress?.checked ?? 0)
        let end = min(last, index + (KeyProgress.checksPerTurn - 1) * step)
        while index <= end {
            let other = KeySlot.slot(of: arguments[index])
            if other != slot {
                guard isAlone, let port else { return .different }
                switch store.gate(slot: other, isWrite: command.isWrite, port: port) {
                case .serve: break
                case .park: return .wait
                case .redirect: return .different
                }
            }
            index += step
        }
        guard index <= last else { return .same }
        pass.session?.noteChecked(before: index)
        return .unfinished
    }

    private func writeMoved(_ slot: UInt16) {
        guard let leader = state.leader(ofSlot: slot) else { return writeNoLeader(slot) }
        // As Redis prints it: no brackets around IPv6.
        connection.output.writeString("-MOVED \(slot) \(leader.host):\(leader.port)\r\n")
    }

    private func writeNoLeader(_ slot: UInt16) {
        connection.reply.error("CLUSTERDOWN shard \(state.map.ownerName(of: slot)) has no leader now")
    }

    /// The shard is not open here: whoever leads the key's shard is the one to ask.
    func writeRedirect(_ arguments: Arguments) {
        let slot = KeySlot.slot(of: arguments[1])
        if state.otherLeader(ofSlot: slot) == nil { connection.reply.notServing(state) } else { writeMoved(slot) }
    }

    private func writeUnfitKey(_ length: Int) {
        connection.reply.error(
            length == 0
                ? "ERR an empty key is not allowed"
                : "ERR key is \(length) bytes long, at most \(StorageLimits.keyBytesMax) are allowed"
        )
    }
}
