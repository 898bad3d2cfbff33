import Model
import NIOCore
import Replication
import Server

/// How a simulated process reaches the others.
struct SimulatedConnector: PeerConnector {
    private struct Refused: Error, CustomStringConvertible {
        var description: String { "connection refused" }
    }

    private let process: @Sendable () -> SimulatedProcess?

    init(process: @escaping @Sendable () -> SimulatedProcess?) { self.process = process }

    func connect(
        to address: NodeAddress,
        on eventLoop: any EventLoop,
        initializer: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) -> EventLoopFuture<any Channel> {
        guard let process = process() else { return eventLoop.makeFailedFuture(ChannelError.alreadyClosed) }
        let channel = process.makeChannel()
        let promise = process.loop.makeMortalPromise(of: (any Channel).self)
        initializer(channel).whenComplete { result in
            if case .failure(let error) = result { return promise.promise.fail(error) }
            dial(address.host, process, channel, promise)
        }
        return promise.futureResult
    }

    private func dial(
        _ host: String,
        _ process: SimulatedProcess,
        _ channel: SimulatedChannel,
        _ promise: MortalPromise<any Channel>
    ) {
        func fail(_ error: any Error) {
            channel.closeByPeer()
            promise.promise.fail(error)
        }
        let (cluster, node) = (process.cluster, process.node)
        guard let target = cluster.nodes.first(where: { $0.address == host }) else { return fail(Refused()) }
        process.loop.after(cluster.latency(node.index, target.index)) {
            guard channel.isOpen else { return promise.promise.fail(ChannelError.alreadyClosed) }
            guard !cluster.isCut(node.index, target.index), !cluster.isCut(target.index, node.index) else {
                return process.loop.after(ReplicationLimits.silenceMax * 1_000) {
                    fail(ChannelError.connectTimeout(.milliseconds(Int64(ReplicationLimits.silenceMax))))
                }
            }
            guard let leader = target.process else { return fail(Refused()) }
            let accepted = leader.makeChannel()
            do {
                try accepted.pipeline.syncOperations.addHandler(SimulatedListener(process: leader))
            } catch {
                return fail(error)
            }
            let connection = Connection(cluster: cluster, follower: (process, channel), leader: (leader, accepted))
            cluster.connections.append(connection)
            connection.open()
            promise.keep { channel }
        }
    }
}
