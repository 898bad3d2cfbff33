import NIOCore

/// A connection of a follower to a leader: bytes, ordered in each direction, and no faster than the network.
final class Connection: @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    private enum Payload {
        case bytes(ByteBuffer)
        case closed
    }

    /// One end, and what is on its way to it.
    private struct End {
        let process: SimulatedProcess
        let channel: SimulatedChannel
        var coming: [(time: UInt64, payload: Payload)] = []
        var isPumping = false
        /// It has closed its end, or has died.
        var isClosed = false
    }

    private unowned let cluster: Cluster
    /// The follower's end and the leader's.
    private var ends: [End]

    init(cluster: Cluster, follower: (SimulatedProcess, SimulatedChannel), leader: (SimulatedProcess, SimulatedChannel))
    {
        self.cluster = cluster
        ends = [follower, leader].map { End(process: $0.0, channel: $0.1) }
    }

    var isDead: Bool { ends[0].isClosed && ends[1].isClosed }

    /// Both ends may send from now on. The leader's first, so that it is there when the follower speaks.
    func open() {
        for end in [1, 0] {
            ends[end].channel.activate(
                transmit: { [weak self] bytes in self?.send(.bytes(bytes), from: end) },
                onClose: { [weak self] in self?.close(end) }
            )
        }
    }

    private func close(_ end: Int) {
        send(.closed, from: end)
        ends[end].isClosed = true
    }

    /// A process died. With `sayingSo` its system closes what it had open; a machine goes without a word.
    func end(_ process: SimulatedProcess, sayingSo: Bool) {
        for end in ends.indices where ends[end].process === process {
            if sayingSo { close(end) } else { ends[end].isClosed = true }
        }
    }

    /// Both ends learn of it when their processes run.
    func reset() {
        for end in ends.indices {
            ends[end].isClosed = true
            let channel = ends[end].channel
            ends[end].process.soon { _ in channel.closeByPeer() }
        }
    }

    private func send(_ payload: Payload, from end: Int) {
        guard !ends[end].isClosed else { return }
        let (from, to) = (ends[end].process.node, ends[1 - end].process.node)
        let time = max(ends[1 - end].coming.last?.time ?? 0, cluster.now + cluster.latency(from.index, to.index))
        ends[1 - end].coming.append((time, payload))
        pump(1 - end)
    }

    private func pump(_ end: Int) {
        guard !ends[end].isPumping, let first = ends[end].coming.first else { return }
        deliver(end, at: max(first.time, cluster.now))
    }

    private func deliver(_ end: Int, at time: UInt64) {
        ends[end].isPumping = true
        cluster.at(time) { [weak self] in
            self?.ends[end].isPumping = false
            self?.deliver(end)
        }
    }

    private func deliver(_ end: Int) {
        let (from, to) = (ends[1 - end].process, ends[end].process)
        if cluster.isCut(from.node.index, to.node.index) {
            // The network tries again until it is whole, or until an end gives up.
            return deliver(end, at: cluster.now + 20_000)
        }
        while let first = ends[end].coming.first, first.time <= cluster.now {
            ends[end].coming.removeFirst()
            guard to.isAlive else {
                // Nobody is there: a reset comes back.
                ends[end].isClosed = true
                let channel = ends[1 - end].channel
                from.soon { _ in channel.closeByPeer() }
                continue
            }
            hand(first.payload, to: ends[end].channel, of: to)
        }
        pump(end)
    }

    /// In one piece or in two: what is received does not go by what was sent.
    private func hand(_ payload: Payload, to channel: SimulatedChannel, of process: SimulatedProcess) {
        switch payload {
        case .closed: process.run { _ in channel.closeByPeer() }
        case .bytes(var bytes):
            if bytes.readableBytes > 1, cluster.random.chance(0.1) {
                let length = 1 + cluster.random.pick(below: bytes.readableBytes - 1)
                if let part = bytes.readSlice(length: length) { process.run { _ in channel.receive(part) } }
            }
            let rest = bytes
            process.run { _ in channel.receive(rest) }
        }
    }
}
