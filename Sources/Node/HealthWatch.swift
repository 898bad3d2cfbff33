import FoundationEssentials
import Glibc
import Logging
import Model
import NIOCore
import NIOPosix
import Routing
import Server
import Storage
import Synchronization

/// What a node noted of its own health when it looked last, and what it has told the log of it.
struct HealthWatch {
    /// Of the last look.
    private(set) var health = Health([])
    /// What the log was told and not yet told the end of.
    private var told: [Health.Reason] = []
    private var timer: RepeatedTask?
    private var isLooking = false
    private var isEnded = false
    private var files: (open: Int, limit: Int)?
    private var looks = 0

    /// In milliseconds. Whoever asks a node how it is hears of a fault within twice that.
    static let period: Int64 = 250
    /// Counting open files is work where there are many: every so many looks.
    private static let looksPerCount = 20
    /// A hand-over or a new connection takes a moment: every so many looks.
    private static let looksPerMend = 4

    /// What is new since the last look, for the log.
    struct News {
        var begun: [Health.Reason] = []
        var over: [Health.Reason] = []
    }

    mutating func keep(_ timer: RepeatedTask) {
        self.timer = isEnded ? nil : timer
        if isEnded { timer.cancel() }
    }

    mutating func end() {
        isEnded = true
        timer?.cancel()
        timer = nil
    }

    /// Whether to look now: one look at a time.
    mutating func begin() -> Bool {
        if isLooking || isEnded { return false }
        isLooking = true
        return true
    }

    var knownFiles: (open: Int, limit: Int)? { files }

    /// Whether it is time to mend what was found damaged.
    var isMendDue: Bool { looks % HealthWatch.looksPerMend == 0 }

    /// Whether it is time to count the open files again.
    var isCountDue: Bool { looks % HealthWatch.looksPerCount == 0 }

    mutating func note(files: (open: Int, limit: Int)?) { self.files = files }

    /// - Returns: what the log has to be told. What one look alone has seen is told to nobody but those who ask: a node
    ///   that starts has no leader for a moment.
    mutating func note(_ new: Health) -> News {
        func key(_ reason: Health.Reason) -> [String] { [reason.code.rawValue, reason.object] }
        isLooking = false
        looks += 1
        let before = Set(health.reasons.map(key))
        let now = Set(new.reasons.map(key))
        let known = Set(told.map(key))
        health = new
        let begun = new.reasons.filter { before.contains(key($0)) && !known.contains(key($0)) }
        let over = told.filter { !now.contains(key($0)) }
        told.removeAll { !now.contains(key($0)) }
        told += begun
        return News(begun: begun, over: over)
    }

    /// What this process has open, and may have.
    static func countFiles() -> (open: Int, limit: Int)? {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0,
            let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        else { return nil }
        return (open.count, Int(clamping: limit.rlim_cur))
    }
}

extension Node {
    package var health: Health { state.withLock { $0.watch.health } }

    /// Looks at the node's health again and again, and tells the log what it finds. Until the node ends.
    func watchHealth() {
        let period = TimeAmount.milliseconds(HealthWatch.period)
        let timer = loops.control.scheduleRepeatedTask(initialDelay: .zero, delay: period) { [weak self] _ in
            guard let self, state.withLock({ $0.watch.begin() }) else { return }
            // Asks the disk for its room, which nothing on the control loop may.
            NIOThreadPool.singleton.submit { [weak self] _ in self?.lookAtHealth() }
        }
        state.withLock { $0.watch.keep(timer) }
    }

    private func lookAtHealth() {
        if state.withLock({ $0.watch.isCountDue }) {
            let files = HealthWatch.countFiles()
            state.withLock { $0.watch.note(files: files) }
        }
        noteDisk()
        if state.withLock({ $0.watch.isMendDue }) { state.withLock { $0.shard }?.mendDamage() }
        let new = Health.of(facts())
        let news = state.withLock { $0.watch.note(new) }
        for reason in news.begun {
            logger.log(
                level: reason.severity == .down ? .error : .warning,
                "health",
                metadata: ["code": "\(reason.code.rawValue)", "what": "\(reason.text)", "do": "\(reason.action)"]
            )
        }
        for reason in news.over {
            logger.notice("health: over", metadata: ["code": "\(reason.code.rawValue)", "what": "\(reason.text)"])
        }
    }

    /// What its health is judged by, as of now. Blocks for a moment.
    func facts() -> NodeFacts {
        let (phase, message, shard, isLeader, files) = state.withLock {
            ($0.phase, $0.message, $0.shard, $0.isLeader, $0.watch.knownFiles)
        }
        var facts = NodeFacts(
            address: configuration.address.description,
            shard: configuration.shard,
            // The lease ends by itself, and with it the role.
            role: isLeader && shard?.holdsLease == true ? .leader : .replica,
            state: phase,
            message: message
        )
        facts.files = files
        facts.clients = (ConnectionRoom.shared.count, ConnectionRoom.shared.clientsMax)
        facts.folder = configuration.folder
        facts.bytesFree = Node.bytesFree(configuration.folder)
        shard?.tell(&facts)
        return facts
    }

    /// Has the store refuse writes while there is too little room on its disk.
    private func noteDisk() {
        var disk = statvfs()
        guard let store = state.withLock({ $0.shard })?.store, statvfs(configuration.folder, &disk) == 0 else { return }
        let block = UInt64(disk.f_frsize)
        let size = UInt64(disk.f_blocks).multipliedReportingOverflow(by: block).partialValue
        store.noteDisk(
            bytesFree: UInt64(disk.f_bavail).multipliedReportingOverflow(by: block).partialValue,
            reserve: configuration.cluster.reserveBytes ?? DiskReserve.usual(ofDisk: size)
        )
    }

    /// On the disk of a folder; nil where that can't be asked.
    static func bytesFree(_ folder: String) -> UInt64? {
        var disk = statvfs()
        guard statvfs(folder, &disk) == 0 else { return nil }
        return UInt64(disk.f_bavail).multipliedReportingOverflow(by: UInt64(disk.f_frsize)).partialValue
    }
}
