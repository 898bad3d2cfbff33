import Model
import Replication

/// A machine with one member: clock, disk, and a process that may be there or not.
final class SimulatedNode: @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    unowned let cluster: Cluster
    let index: Int
    let shard: Int
    let address: String
    let isNamedLeader: Bool
    var durability: Durability
    var disk: SimulatedDisk
    var boots = 1
    /// Milliseconds of the boot-time clock per millisecond of true time.
    let clockRate: Double
    var clockOffset: UInt64
    var process: SimulatedProcess?
    var pausedUntil: UInt64 = 0
    var isDiskFull = false
    /// A sync that begins now takes at least so long (microseconds).
    var syncDelay: UInt64 = 0

    init(cluster: Cluster, index: Int, shard: Int, isNamedLeader: Bool, durability: Durability) {
        self.cluster = cluster
        self.index = index
        self.shard = shard
        self.isNamedLeader = isNamedLeader
        self.durability = durability
        address = "n\(index)"
        disk = SimulatedDisk(id: "\(index)-0")
        clockRate = 0.97 + 0.06 * Double(cluster.random.pick(below: 1_001)) / 1_000
        clockOffset = cluster.random.pick(1_000...1_000_000)
    }

    /// Up to here it acknowledges.
    var durableEnd: Position { durability == .os ? disk.terms.end : min(disk.synced, disk.terms.end) }
    var truth: Truth { cluster.truths[shard] }
    /// The boot-time clock in milliseconds.
    var clock: UInt64 { clockOffset + UInt64(Double(cluster.now) * clockRate / 1_000) }
    var isPaused: Bool { pausedUntil > cluster.now }

    var member: Member {
        Member(id: disk.id, address: address, boot: durability == .os ? "boot\(boots)" : nil)
    }

    func start() {
        guard process == nil else { return }
        if cluster.options.switchesDurability, cluster.random.chance(0.3) {
            durability = durability == .os ? .fsync : .os
        }
        if durability == .fsync { disk.open() }
        truth.check(disk.engine.position, "\(address)'s engine")
        let started = SimulatedProcess(node: self)
        process = started
        started.start()
        cluster.trace("\(address) starts, log \(disk.start)…\(disk.terms.end), engine \(disk.engine.position)")
    }

    /// kill -9: what was appended is in the page cache.
    func crashProcess() {
        guard let dead = process else { return }
        process = nil
        pausedUntil = 0
        dead.die(sayingSo: true)
    }

    /// Power loss: nobody is told, and what was not synced may be gone.
    func crashMachine() {
        guard let dead = process else { return }
        process = nil
        pausedUntil = 0
        dead.die(sayingSo: false)
        disk.losePower(&cluster.random)
        boots += 1
    }

    func pause(for microseconds: UInt64) {
        guard let process else { return }
        process.loop.freeze()
        pausedUntil = max(pausedUntil, cluster.now + microseconds)
        cluster.at(pausedUntil) { [weak self] in
            guard let self, !isPaused else { return }
            self.process?.loop.thaw()
        }
    }

    /// Empties the folder of a node that is down.
    func wipe(newID: String) { disk = SimulatedDisk(id: newID) }
}
