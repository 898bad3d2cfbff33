/// Who is told what becomes of the writes: the ports that wait, and those that observe the log's growth. Owned by
/// `WritePipeline`, guarded by the store's lock; whoever is told is woken after the lock was released.
struct StoreWaiters {
    /// Those that have been told something, to be woken once the lock is released.
    typealias Woken = [StorePort]

    private(set) var ports: [StorePort] = []
    private var observers: [Int: @Sendable () -> Void] = [:]
    private var nextObserver = 0

    mutating func add(_ port: StorePort) { ports.append(port) }

    mutating func remove(_ port: StorePort) { ports.removeAll { $0 === port } }

    /// - Returns: the ports that there were.
    mutating func removeAllPorts() -> [StorePort] {
        defer { ports = [] }
        return ports
    }

    /// - Returns: a token for `unobserve`.
    mutating func observe(_ body: @escaping @Sendable () -> Void) -> Int {
        nextObserver += 1
        observers[nextObserver] = body
        return nextObserver
    }

    mutating func unobserve(_ token: Int) { observers[token] = nil }

    /// Those to call when the log or the commit position has grown.
    var allObservers: [@Sendable () -> Void] { Array(observers.values) }

    /// The batches up to `number` are decided.
    /// - Parameter hasRoom: whether those that wait for room go on as well.
    func tell(_ signal: StoreSignal, through number: UInt64, hasRoom: Bool, _ woken: inout Woken) {
        for port in ports {
            if port.waitsForBatch != 0 {
                StoreWaiters.tell(port, signal, &woken)
                if port.waitsForBatch <= number { port.waitsForBatch = 0 }
            }
            if hasRoom { StoreWaiters.release(port, &woken) }
        }
    }

    /// Whatever waits for room is evaluated anew.
    func releaseRoom(_ woken: inout Woken) {
        for port in ports { StoreWaiters.release(port, &woken) }
    }

    private static func release(_ port: StorePort, _ woken: inout Woken) {
        guard port.waitsForRoom else { return }
        port.waitsForRoom = false
        tell(port, .room, &woken)
    }

    /// Whatever waits for other slots to be served is evaluated anew.
    func releaseSlots(_ woken: inout Woken) {
        for port in ports where port.waitsForSlots {
            port.waitsForSlots = false
            StoreWaiters.tell(port, .room, &woken)
        }
    }

    /// Somebody is to commit what is queued.
    /// - Returns: false when there is nobody who could be told.
    func askForCommit(_ woken: inout Woken) -> Bool {
        guard let port = ports.first(where: \.listens) else { return false }
        StoreWaiters.tell(port, .commitNeeded, &woken)
        return true
    }

    private static func tell(_ port: StorePort, _ signal: StoreSignal, _ woken: inout Woken) {
        guard port.listens else { return }
        port.tell(signal)
        if woken.last !== port { woken.append(port) }
    }
}
