import Model
import Replication
import Routing

extension MigrationSourceMachine {
    mutating func receive(
        _ hello: MigrationHello,
        _ led: LedShard,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard case .waitingForHello = phase else { return close("a second hello on one connection", &actions) }
        lastHeard = now
        let identity = led.identity
        guard hello.cluster == identity.cluster, hello.coordinator == identity.coordinator else {
            let text = "this is cluster \(identity.cluster) of coordinator \(identity.coordinator)"
            return refuse(.wrongCluster, "\(text), not \(hello.cluster) of \(hello.coordinator)", &actions)
        }
        guard led.isInformed else { return refuse(.notLeader, "the term has just begun here", &actions) }
        guard let job = led.movingJob, job.id == hello.job, job.moves.indices.contains(hello.move) else {
            return refuse(.unknownJob, "no such reshard is under way, as far as is known here", &actions)
        }
        let move = job.moves[hello.move]
        guard move.source == led.shard, move.target == hello.shard, move.slots == hello.slots else {
            let text =
                "move \(move.index) is from \(move.source) to \(move.target), not from \(led.shard) to \(hello.shard)"
            return refuse(.wrongShard, text, &actions)
        }
        guard (led.snapshot.record(of: hello.shard)?.term ?? 0) <= hello.term else {
            return refuse(.lowerTerm, "term \(hello.term) of \(hello.shard) is over", &actions)
        }
        let slots = move.slots.set
        guard slots.isDisjoint(with: led.handingOver) else {
            return refuse(.deciding, "an earlier hand-over of these slots is not decided yet", &actions)
        }
        guard move.stage(on: led.snapshot.map) == .due, led.ownsSafely(slots) else {
            let version = led.snapshot.map.version
            return refuse(.notOwner, "\(led.shard) does not own the slots by map version \(version)", &actions)
        }
        self.hello = hello
        self.move = move
        self.slots = slots
        phase = .opening
        actions.append(.source(link: link, .openCopy(move.slots)))
    }

    mutating func copyOpened(
        _ position: Position,
        _ keys: UInt64,
        _ bytes: UInt64,
        _ led: LedShard,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        guard case .opening = phase else { return }
        phase = .copying
        lastHeard = now
        through = position.sequence
        actions.append(.source(link: link, .pinLog(after: through)))
        let acceptance = MigrationFrame.Acceptance(
            term: led.identity.term,
            position: position,
            keys: keys,
            bytes: bytes
        )
        send(.accept(acceptance), &actions)
    }

    mutating func chunksSent(
        _ keys: UInt64,
        _ bytes: Int,
        _ isLast: Bool,
        _ led: LedShard,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        isReading = false
        guard case .copying = phase else { return }
        keysSent += keys
        sentBytes += UInt64(max(0, bytes))
        guard isLast else { return }
        if led.plants(.logFromEndOfCopy) { through = led.commitSequence }
        phase = .streaming
        send(.copied(keys: keysSent), &actions)
    }

    mutating func logRead(
        _ through: UInt64,
        _ bytes: Int,
        _ bytesLeft: UInt64,
        _ led: LedShard,
        _ now: UInt64,
        _ actions: inout [ReshardingMachine.Action]
    ) {
        isReading = false
        guard case .streaming = phase else { return }
        sentBytes += UInt64(max(0, bytes))
        lastBytesLeft = bytesLeft
        guard through > self.through else { return }
        self.through = through
        actions.append(.source(link: link, .pinLog(after: through)))
        sendMark(led, now, &actions)
    }

    /// Asks for more to send, if there is any, the target has room and nothing is being read already.
    mutating func proceed(_ led: LedShard, _ actions: inout [ReshardingMachine.Action]) {
        let inFlight = sentBytes - min(sentBytes, acknowledgedBytes)
        let room = ReshardingLimits.windowBytes - Int(min(inFlight, UInt64(ReshardingLimits.windowBytes)))
        guard !isReading, isWritable, room > 0 else { return }
        switch phase {
        case .copying:
            isReading = true
            actions.append(.source(link: link, .sendChunks(maxBytes: room)))
        case .streaming:
            guard led.commitSequence > through else { return }
            isReading = true
            actions.append(.source(link: link, .readLog(after: through, maxBytes: room)))
        case .waitingForHello, .opening, .orphaned, .closed: break
        }
    }
}
