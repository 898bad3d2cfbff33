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
        if !pass.isLocked {
            guard !traits[command].isWrite, connection.marks.isEmpty, !pass.locksReads,
                Admission(freely: slot, node, store).decide(intent(of: command)) == .serve,
                traits[command].hasOneKey || areServed(slot, command, arguments)
            else { return .needsLock }
        } else if !admits(command, slot, arguments, node, store, port) {
            return .done
        }
        connection.loop.heat.note(slot)
        if traits[command].isWrite {
            guard admitWrite(arguments, store, port) else { return .done }
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
            if let failure = connection.takeFetchFailure() { throw failure }
            outcome = try pass.session?.run(command, arguments, &connection.reply) ?? .done
        } catch {
            if error.code == .cold {
                outcome = .needsEngine
            } else {
                connection.reply.takeBack(to: start)
                connection.reply.error(error)
            }
        }
        if var effects = pass.session?.effects {
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

    /// Whether all keys of the command are plainly in that slot. Without the store's lock.
    private func areServed(_ slot: UInt16, _ command: RESPCommand, _ arguments: Arguments) -> Bool {
        let isAlone = state.map.shardNames.count == 1
        if isAlone, !(state.isLeader && state.store?.isGated ?? false) { return true }
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
        case .park: return refuse(connection.park)
        case .redirect: return refuse { writeMoved(slot) }
        case .noLeader: return refuse { writeNoLeader(slot) }
        case .refuse(.takingCopy): return refuse { connection.reply.takingCopy() }
        case .refuse: return refuse { connection.reply.error(RESPRequests.unknownAge) }
        }
        guard command.lastKey != command.firstKey else { return true }
        switch slots(command, arguments, slot, store, port) {
        case .same: return true
        case .wait: return refuse(connection.park)
        case .different:
            return refuse { connection.reply.error("CROSSSLOT Keys in request don't hash to the same slot") }
        }
    }

    private static let unknownAge = "MASTERDOWN this replica can't know how old its data is: it has no leader"

    /// Whether the store takes the write now; otherwise it waits in `input` or has been refused. Lock held.
    private func admitWrite(_ arguments: Arguments, _ store: ShardStore, _ port: StorePort) -> Bool {
        var size = 0
        for index in 1..<arguments.count {
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
        let isAlone = state.map.shardNames.count == 1
        if isAlone, !(state.isLeader && store.isGated) { return .same }
        let last = command.lastKey < 0 ? arguments.count + command.lastKey : command.lastKey
        var index = 1 + command.step
        while index <= last {
            let other = KeySlot.slot(of: arguments[index])
            if other != slot {
                guard isAlone else { return .different }
                switch store.gate(slot: other, isWrite: command.isWrite, port: port) {
                case .serve: break
                case .park: return .wait
                case .redirect: return .different
                }
            }
            index += command.step
        }
        return .same
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
    func writeElsewhere(_ arguments: Arguments) {
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
