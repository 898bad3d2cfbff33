import Routing

/// Links that are cut, as a member sees them. The cluster is behind proxies.
extension TestCluster {
    /// What no longer gets to the member, and what no longer gets from it.
    struct Isolation: Sendable {
        enum Way: Sendable { case incoming, outgoing }

        var peers: Set<Way> = []
        var clients: Set<Way> = []
        var coordinator: Set<Way> = []
    }

    /// Replaces the member's cuts, and heals all others'.
    func isolate(_ member: Member, _ isolation: Isolation) {
        for other in members {
            var cuts: Set<LinkProxy.Cut> = []
            if other === member {
                cuts = Self.cuts(.client, isolation.clients).union(Self.cuts(.peer(nil), isolation.peers))
            } else {
                // Here it is the member that has connected.
                cuts = Self.cuts(.peer(member.address), isolation.peers, isTowards: false)
            }
            other.proxy?.set(cuts)
            for proxy in other.coordinatorProxies {
                proxy.set(other === member ? Self.cuts(.client, isolation.coordinator, isTowards: false) : [])
            }
        }
    }

    func heal() {
        for member in members {
            member.proxy?.heal()
            for proxy in member.coordinatorProxies { proxy.heal() }
        }
    }

    /// - Parameter isTowards: whether connections go to the isolated member, not from it.
    private static func cuts(
        _ origin: LinkProxy.Origin,
        _ ways: Set<Isolation.Way>,
        isTowards: Bool = true
    ) -> Set<LinkProxy.Cut> {
        Set(
            ways.map { way in
                LinkProxy.Cut(origin: origin, direction: (way == .incoming) == isTowards ? .toNode : .fromNode)
            }
        )
    }
}
