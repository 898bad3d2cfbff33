import Logging
import NIOCore
import Node
import Server

/// A simulated process's share of what `LoopContext` is in a node: the streams to its followers.
final class SimulatedHost: PeerStreamHost, @unchecked Sendable {
    // Sendable: a simulated cluster, and everything in it, is confined to the one thread that runs it.
    private unowned let process: SimulatedProcess
    let logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
    /// In the order in which they began: what is done with all of them has to repeat.
    private(set) var peers: [PeerStreamHandler] = []

    init(process: SimulatedProcess) { self.process = process }

    var eventLoop: any EventLoop { process.loop }
    var leadership: (any ShardLeadership)? { process.view == nil ? nil : process.driver }

    func add(_ peer: PeerStreamHandler) { peers.append(peer) }
    func remove(_ peer: PeerStreamHandler) { peers.removeAll { $0 === peer } }

    func offLoop<T: Sendable>(_ work: @escaping @Sendable () -> T) -> EventLoopFuture<T> {
        let promise = process.loop.makeMortalPromise(of: T.self)
        process.loop.after(process.readDelay()) { promise.keep(work) }
        return promise.futureResult
    }

    /// Leadership is over, or the store closes.
    func endStreams() { for peer in peers { peer.end() } }
}
