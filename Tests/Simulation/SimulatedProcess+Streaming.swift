import Replication
import Storage

/// The driver of `LeaderFollowerMachine`, one per follower.
extension SimulatedProcess {
    func leaderReceived(_ connection: Connection, _ payload: Connection.Payload) {
        switch payload {
        case .hello(let hello): accept(hello, connection)
        case .frame(let frame):
            let link = connection.leaderLink
            guard links[link]?.connection === connection else { return }
            stream(link, .frame(frame))
            lead(.followerAcknowledged(link: link, position: links[link]?.machine.replicated))
            if case .acknowledge(let answer) = frame, answer.isLeaving { lead(.followerLeaving(link: link)) }
        case .closed: leaderClosed(connection)
        case .accepted, .refused: break
        }
    }

    private func accept(_ hello: PeerHello, _ connection: Connection) {
        guard let term = leadership.ledTerm else {
            connection.sendToFollower(.refused("this node doesn't lead"))
            return connection.closeByLeader()
        }
        if hello.term > term { lead(.higherTermSeen(hello.term)) }
        guard leadership.ledTerm == term else { return connection.closeByLeader() }
        connection.sendToFollower(.accepted)
        let link = nextLink
        nextLink += 1
        connection.leaderLink = link
        links[link] = LeaderLink(
            machine: LeaderFollowerMachine(
                identity: .init(cluster: "c", shard: "s\(node.shard)", term: term, engine: "simulated"),
                now: clock,
                planted: cluster.options.planted
            ),
            connection: connection
        )
        lead(.followerAttached(link: link, member: hello.member, term: term))
        stream(link, .hello(hello, terms: node.disk.terms))
        lead(.followerAcknowledged(link: link, position: links[link]?.machine.replicated))
    }

    func leaderClosed(_ connection: Connection) {
        guard links[connection.leaderLink]?.connection === connection else { return }
        endLink(connection.leaderLink)
    }

    func endLink(_ link: UInt64) {
        guard let ended = links.removeValue(forKey: link) else { return }
        ended.connection.closeByLeader()
        lead(.followerDetached(link: link))
    }

    func logAdvanced() { for link in links.keys.sorted() { stream(link, .logAdvanced) } }

    private var logState: LeaderFollowerMachine.LogState {
        let end = node.durableEnd
        return .init(
            start: node.disk.start,
            end: end,
            commitSequence: store.commitPosition.sequence,
            endOffset: end.sequence * 50,
            isLeaseValid: store.isLeaseValid
        )
    }

    func stream(_ link: UInt64, _ event: LeaderFollowerMachine.Event) {
        for action in links[link]?.machine.handle(event, log: logState, now: clock) ?? [] { execute(link, action) }
    }

    private func execute(_ link: UInt64, _ action: LeaderFollowerMachine.Action) {
        guard let connection = links[link]?.connection else { return }
        switch action {
        case .send(let frame): connection.sendToFollower(.frame(frame))
        case .readLog(let after, _): read(link, after, connection)
        case .askForSnapshot: lead(.followerNeedsSnapshot(link: link))
        case .startSnapshot: startSnapshot(link)
        case .sendChunks: sendChunk(link, connection)
        case .pinLog(let sequence): links[link]?.pin = sequence
        case .close: endLink(link)
        }
    }

    private func read(_ link: UInt64, _ after: Position, _ connection: Connection) {
        guard after.sequence >= node.disk.start.sequence else {
            return soon { $0.stream(link, .logUnavailable) }
        }
        let end = logState.end
        let batches = node.disk.batches.filter { $0.firstSequence > after.sequence && $0.end <= end }.prefix(8)
        for batch in batches { connection.sendToFollower(.frame(.batch(batch))) }
        let last = batches.last?.end ?? after
        soon { $0.stream(link, .batchesSent(end: last, bytes: batches.count * 100)) }
    }

    private func startSnapshot(_ link: UInt64) {
        flush()
        let engine = node.disk.engine
        var chunks: [SnapshotChunk] = []
        var builder = SnapshotChunkBuilder()
        for (key, value) in engine.values.sorted(by: { $0.key < $1.key }) {
            SimulatedBatch.bytes([key]).withUnsafeBytes { key in
                SimulatedBatch.bytes(value).withUnsafeBytes { value in
                    builder.append(SnapshotEntry(slot: 0, version: 1, expiry: 0, flags: 0, key: key, value: value))
                }
            }
            if builder.count == 8 { chunks.append(builder.finish()) }
        }
        if !builder.isEmpty { chunks.append(builder.finish()) }
        links[link]?.chunks = chunks.reversed()
        let keys = UInt64(engine.values.count)
        soon { $0.stream(link, .snapshotOpened(position: engine.position, keys: keys, bytes: keys * 20, owned: nil)) }
    }

    private func sendChunk(_ link: UInt64, _ connection: Connection) {
        let chunk = links[link]?.chunks.popLast()
        if let chunk { connection.sendToFollower(.frame(.snapshotChunk(chunk))) }
        let isLast = links[link]?.chunks.isEmpty ?? true
        let keys = UInt64(chunk?.count ?? 0)
        after(1_000) { self.stream(link, .chunksSent(keys: keys, bytes: Int(keys) * 20, isLast: isLast)) }
    }
}
