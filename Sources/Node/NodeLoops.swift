import NIOCore
import NIOPosix
import Server

/// Which thread does what for a node. None of these loops waits for a disk.
struct NodeLoops: Sendable {
    /// What clients are served on.
    let clients: any EventLoopGroup
    /// Leases, and the ticks of elections; nothing else, so that nothing holds up a renewal.
    let control: any EventLoop
    /// Replicas' links to their leaders, leaders' streams to their replicas, and moves of slots: what other nodes send is
    /// parsed here, and never on a loop that clients use.
    let replication: any EventLoop

    init(clients: any EventLoopGroup, control: any EventLoopGroup) {
        self.clients = clients
        self.control = control.next()
        replication = NodeLoops.replicationGroup.next()
    }

    /// One thread per process, shared by its nodes. It lasts as long as the process.
    private static let replicationGroup: MultiThreadedEventLoopGroup = {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        group.next().execute { ThreadName.set("shoal-replicate") }
        return group
    }()
}
