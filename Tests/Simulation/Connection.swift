import Replication
import Storage

/// A connection of a follower to a leader: ordered in each direction, and no faster than the network.
final class Connection {
    enum Payload {
        case hello(PeerHello)
        case accepted
        case refused(String)
        case frame(PeerFrame)
        case closed
    }

    unowned let cluster: Cluster
    let follower: SimulatedProcess
    let leader: SimulatedProcess
    /// The number the follower's machine gave it, and the one of the leader's.
    let followerLink: UInt64
    var leaderLink: UInt64 = 0
    private var isClosedByFollower = false
    private var isClosedByLeader = false
    private var toLeader: [(time: UInt64, payload: Payload)] = []
    private var toFollower: [(time: UInt64, payload: Payload)] = []
    private var isPumping = [false, false]

    init(cluster: Cluster, follower: SimulatedProcess, leader: SimulatedProcess, link: UInt64) {
        self.cluster = cluster
        self.follower = follower
        self.leader = leader
        followerLink = link
    }

    var isDead: Bool { isClosedByFollower && isClosedByLeader }

    func sendToLeader(_ payload: Payload) {
        guard !isClosedByFollower else { return }
        toLeader.append((arrival(toLeader, follower.node, leader.node), payload))
        pump(0)
    }

    func sendToFollower(_ payload: Payload) {
        guard !isClosedByLeader else { return }
        toFollower.append((arrival(toFollower, leader.node, follower.node), payload))
        pump(1)
    }

    func closeByFollower() {
        sendToLeader(.closed)
        isClosedByFollower = true
    }

    func closeByLeader() {
        sendToFollower(.closed)
        isClosedByLeader = true
    }

    /// A machine died without a word.
    func vanish(_ process: SimulatedProcess) {
        if process === follower { isClosedByFollower = true } else { isClosedByLeader = true }
    }

    /// Both ends learn of it when the network lets them.
    func reset() {
        closeByFollower()
        closeByLeader()
        follower.soon { $0.followerClosed(self) }
        leader.soon { $0.leaderClosed(self) }
    }

    private func arrival(_ queue: [(time: UInt64, payload: Payload)], _ from: SimulatedNode, _ to: SimulatedNode)
        -> UInt64
    {
        max(queue.last?.time ?? 0, cluster.now + cluster.latency(from.index, to.index))
    }

    private func pump(_ direction: Int) {
        let queue = direction == 0 ? toLeader : toFollower
        guard !isPumping[direction], let first = queue.first else { return }
        isPumping[direction] = true
        cluster.at(max(first.time, cluster.now)) { [weak self] in
            self?.isPumping[direction] = false
            self?.deliver(direction)
        }
    }

    private func deliver(_ direction: Int) {
        let (from, to) = direction == 0 ? (follower, leader) : (leader, follower)
        if cluster.isCut(from.node.index, to.node.index) {
            // The network tries again until it is whole, or until an end gives up.
            isPumping[direction] = true
            return cluster.at(cluster.now + 20_000) { [weak self] in
                self?.isPumping[direction] = false
                self?.deliver(direction)
            }
        }
        while let first = (direction == 0 ? toLeader : toFollower).first, first.time <= cluster.now {
            if direction == 0 { toLeader.removeFirst() } else { toFollower.removeFirst() }
            guard to.isAlive else {
                // Nobody is there: a reset comes back.
                if direction == 0 { isClosedByLeader = true } else { isClosedByFollower = true }
                from.soon { direction == 0 ? $0.followerClosed(self) : $0.leaderClosed(self) }
                continue
            }
            to.run {
                direction == 0 ? $0.leaderReceived(self, first.payload) : $0.followerReceived(self, first.payload)
            }
        }
        pump(direction)
    }
}
