import Glibc
import Model
import Routing
import Storage

extension ClusterReplies {
    /// The cluster as a node sees it now. A shard without a leader is told with the one config.yaml names, which fails: clients
    /// want an owner for each slot, and must not take it for one that serves.
    init(_ state: ServingState, version: Int) {
        let leaders = state.map.shardNames.enumerated().map { index, name in
            (index < state.leaders.count ? state.leaders[index] : nil)
                ?? state.config.shard(named: name)?.address ?? state.address
        }
        var unreachable: Set<NodeAddress> = []
        var loading: Set<NodeAddress> = []
        for (index, name) in state.map.shardNames.enumerated() where index < state.nodes.count {
            guard let nodes = state.nodes[index] else { continue }
            let named = state.config.shard(named: name)?.nodes ?? []
            unreachable.formUnion(Set(named + [leaders[index]]).subtracting(nodes.all))
            loading.formUnion(nodes.lagging)
        }
        for index in leaders.indices where state.leader(ofShard: UInt16(index)) == nil {
            unreachable.insert(leaders[index])
        }
        self.init(
            config: state.config,
            map: state.map,
            own: state.address,
            leaders: leaders,
            replicas: state.nodes.map { $0?.all ?? [] },
            version: version,
            unreachable: unreachable,
            loading: loading
        )
    }
}

extension InfoFields {
    init(state: ServingState, status: NodeStatus, metrics: NodeMetrics) {
        self.init()
        let totals = metrics.totals()
        shoalVersion = status.version
        cluster = status.cluster
        shard = status.shard
        address = state.address
        engine = status.engine
        durability = status.durability
        processID = getpid()
        uptimeSeconds = UInt64(max(0, status.uptimeSeconds))
        connections = totals.connections
        connectionsReceived = totals.connectionsReceived
        connectionsRefused = totals.connectionsRefused
        connectionsMax = ConnectionRoom.shared.clientsMax
        connectionsWaiting = totals.connectionsWaiting
        commands = totals.commands
        errors = totals.errors
        operationsPerSecond = UInt64(clamping: metrics.reading().commandsPerSecond)
        networkInputBytes = totals.bytesReceived
        networkOutputBytes = totals.bytesSent
        readHits = totals.hits
        readMisses = totals.misses
        isLeader = state.isLeader
        if !state.isLeader, let index = state.shardIndex { leader = state.leader(ofShard: index) }
        isLinked = status.state == .running
        secondsSinceLeader = UInt64(max(0, status.lag.milliseconds / 1000))
        sequence = Position(status.position)?.sequence ?? 0
        keys = UInt64(max(0, status.keys))
        slots = state.shardIndex.map { state.map.slotCount(ofShard: $0) } ?? 0
        mapVersion = state.map.version
        if let store = state.store { memoryBytes = UInt64(max(0, store.status().hotBytes)) }
        var usage = rusage()
        if getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0 {
            userSeconds = Double(usage.ru_utime.tv_sec) + Double(usage.ru_utime.tv_usec) / 1e6
            systemSeconds = Double(usage.ru_stime.tv_sec) + Double(usage.ru_stime.tv_usec) / 1e6
            residentBytes = UInt64(usage.ru_maxrss) * 1024
        }
    }
}
