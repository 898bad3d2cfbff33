/// Which slots are served, and where commands wait while one is handed over (docs/resharding.md). The node's resharding
/// decides; the store does as told, in one step with everything that is admitted.
extension ShardStore {
    /// From the return on, commands are let in as this says; nil lets all of them in. What waits at the door asks again.
    ///
    /// What was admitted before is in the log's order before anything that is appended afterwards. Any thread.
    package func setServing(_ serving: SlotServing?) {
        lock.lock()
        guard serving != gate.serving else { return lock.unlock() }
        gate.set(serving)
        readTable.setServed(isGated: gate.isSet) { !gate.isSet || gate.door(slot: $0, isWrite: false) == .open }
        var waiting: [StorePort] = []
        for port in ports where port.waitsAtDoor {
            port.waitsAtDoor = false
            waiting.append(port)
        }
        lock.unlock()
        for port in waiting { port.wake(.room) }
    }

    /// Whether slots are let in one by one. Any thread.
    @inline(__always) package var isGated: Bool { readTable.isGated }

    /// Raised with every change of what readers go by: leadership, holds, slots. Any thread; read it before and after.
    @inline(__always) package var readEpoch: UInt64 { readTable.epoch }

    /// Whether a leader serves reads of the slot now, as far as the shard goes. Any thread, between two looks at `readEpoch`.
    @inline(__always)
    package func servesReads(_ slot: UInt16) -> Bool { !readTable.isHeld && readTable.serves(slot) }

    /// Whether a replica shows the slot now. Any thread, between two looks at `readEpoch`.
    @inline(__always)
    package func showsReads(_ slot: UInt16) -> Bool { !holdsNoState && readTable.shows(slot) }

    /// Asks before a command on a key of the slot is evaluated, and before `admit` for a write. Without a gate it is
    /// always open. If it has to wait, the port is told when to ask again. Lock held.
    @inline(__always)
    package func door(slot: UInt16, isWrite: Bool, port: StorePort) -> SlotDoor {
        guard gate.isSet else { return .open }
        let door = gate.door(slot: slot, isWrite: isWrite)
        if door == .wait { port.waitsAtDoor = true }
        return door
    }

    /// Whether the leader looks after the slot's keys by itself, as in deleting what has expired: not where a write would
    /// come between what is handed over, or into what is another shard's. Lock held.
    func tends(_ slot: UInt16) -> Bool {
        if gate.isSet { return gate.serves(slot) }
        return ownership?.slots.contains(slot) ?? true
    }
}
