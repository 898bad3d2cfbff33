/// Who is told what becomes of the writes: the ports that wait, and those that observe the log's growth. Owned by
/// `WritePipeline`, guarded by the store's lock; whoever is told is called after the lock was released.
struct StoreWaiters {
    /// Whom to tell, and what, once the lock is released.
    typealias Signals = [(StorePort, StoreSignal)]

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
    func tell(_ signal: StoreSignal, through number: UInt64, hasRoom: Bool, _ signals: inout Signals) {
        for port in ports {
            if port.waitsForBatch != 0 {
                signals.append((port, signal))
                if port.waitsForBatch <= number { port.waitsForBatch = 0 }
            }
            if hasRoom { StoreWaiters.release(port, &signals) }
        }
    }

    /// Whatever waits for room is evaluated anew.
    func releaseRoom(_ signals: inout Signals) {
        for port in ports { StoreWaiters.release(port, &signals) }
    }

    private static func release(_ port: StorePort, _ signals: inout Signals) {
        guard port.waitsForRoom else { return }
        port.waitsForRoom = false
        signals.append((port, .room))
    }

    /// Whatever waits for other slots to be served is evaluated anew.
    func releaseSlots(_ signals: inout Signals) {
        for port in ports where port.waitsForSlots {
            port.waitsForSlots = false
            signals.append((port, .room))
        }
    }
}
