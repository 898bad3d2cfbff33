import NIOCore
import Storage

/// What commands without keys ask of their connection.
extension ConnectionHandler: CommandConnection {
    var now: UInt64 { passNow }
    var state: ServingState { loop.state }
    var control: any NodeControl { loop.control }
    var metrics: NodeMetrics { loop.metrics }
    var topology: TopologyCache { loop.topology }

    var collectFollowers: @Sendable () -> [InfoFields.Replica] {
        let loops = loop.siblings
        // A loop that has ended serves nobody.
        return { loops.flatMap { loop in (try? loop.eventLoop.submit { loop.followers }.wait()) ?? [] } }
    }

    func runOnPool<T: Sendable>(
        usesStore: Bool,
        _ work: @escaping @Sendable () -> T,
        _ finish: @escaping (inout Reply, T) -> Void
    ) {
        runBlocking(usesStore: usesStore, work) { connection, value in finish(&connection.reply, value) }
    }
}
