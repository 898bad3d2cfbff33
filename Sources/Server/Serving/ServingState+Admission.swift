import Storage

extension Admission {
    /// What a node knows for as long as it looks at one connection's input.
    struct NodeView {
        let state: ServingState
        /// The leader's lease had run out.
        let isLapsed: Bool
        /// Of a replica's data, in milliseconds; nil: nobody knows, or it is the leader.
        let age: UInt64?

        init(_ state: ServingState, _ control: any NodeControl) {
            self.state = state
            isLapsed = state.isLeader && !(state.store?.isLeaderOrHolds ?? true)
            age = state.isLeader ? nil : control.stalenessMilliseconds
        }
    }

    /// What can be told without the store's lock, between two looks at its `readEpoch`. Only `.serve` is meant: whatever else
    /// is decided has to be asked again under the lock, where it can be parked.
    @inline(__always)
    init(freely slot: UInt16, _ node: NodeView, _ store: ShardStore) {
        let state = node.state
        let isServed = state.isLeader && store.servesReads(slot)
        self.init(
            isLeader: state.isLeader,
            isAboutToLead: state.isAboutToLead,
            isLapsed: node.isLapsed,
            isOwned: state.owns(slot),
            gate: store.isGated && state.isLeader ? (isServed ? .serve : .park) : nil,
            holdsReads: state.isLeader && !isServed,
            holdsNoState: !state.isLeader && store.holdsNoState,
            isDisowned: !state.isLeader && !store.showsReads(slot),
            age: node.age
        )
    }

    /// The whole of it. If what asks is to be parked, the port is told when to ask again. Lock held.
    init(_ slot: UInt16, _ intent: Intent, _ node: NodeView, _ store: ShardStore, _ port: StorePort) {
        let state = node.state
        let isWrite = intent == .write
        let isGated = state.isLeader && store.isGated
        self.init(
            isLeader: state.isLeader,
            isAboutToLead: state.isAboutToLead,
            isLapsed: node.isLapsed,
            isOwned: state.owns(slot),
            gate: isGated ? store.gate(slot: slot, isWrite: isWrite, port: port) : nil,
            holdsReads: state.isLeader && !isWrite && store.holdsReads(port),
            holdsNoState: !state.isLeader && store.holdsNoState,
            isDisowned: !state.isLeader && store.disowns(slot),
            age: node.age
        )
    }
}
