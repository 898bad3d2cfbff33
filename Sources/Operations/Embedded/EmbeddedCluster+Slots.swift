import Model
import NIOCore
import Routing
import Server
import Synchronization

extension EmbeddedCluster {
    /// What is known of the cluster's slots while somebody looks at them.
    struct SlotWatch {
        var isWanted = false
        var isProbing = false
        /// What was answered, the oldest round first: rates are over all of them, since few commands are counted.
        var rounds: [[SlotsDocument]] = []
        var slots: ClusterSlots?
        var readAt: UInt64 = 0
        var ticker: RepeatedTask?
    }

    /// Counts of every slot are a hundred kilobytes of a shard: less often than the status.
    private static let slotsInterval = TimeAmount.seconds(2)
    /// Rates of the last 10 seconds.
    private static let roundsMax = 5
    /// A node that needs longer is told as unknown.
    private static let slotsTimeout = TimeAmount.milliseconds(1500)

    /// Begins or ends to ask the shards' leaders for their slots.
    package func watchSlots(_ isWanted: Bool) {
        let (old, begins) = state.withLock { state -> (RepeatedTask?, Bool) in
            guard state.slotWatch.isWanted != isWanted, !state.isStopping || !isWanted else { return (nil, false) }
            state.slotWatch.isWanted = isWanted
            // Rates over a time when nobody looked would be of no moment.
            state.slotWatch.rounds = []
            defer { state.slotWatch.ticker = nil }
            return (state.slotWatch.ticker, isWanted)
        }
        old?.cancel()
        guard begins else { return }
        let ticker = group.next().scheduleRepeatedTask(initialDelay: .zero, delay: Self.slotsInterval) { _ in
            self.probeSlots()
        }
        let isLate = state.withLock { state in
            guard state.slotWatch.isWanted, !state.isStopping else { return true }
            state.slotWatch.ticker = ticker
            return false
        }
        if isLate { ticker.cancel() }
    }

    /// The newest slots and the monotonic milliseconds at which they were put together; nil before the first.
    package func latestSlots() -> (slots: ClusterSlots, readAt: UInt64)? {
        state.withLock { state in state.slotWatch.slots.map { ($0, state.slotWatch.readAt) } }
    }

    private func probeSlots() {
        let leaders = state.withLock { state -> [NodeAddress]? in
            // A round that takes longer than the interval is not overtaken.
            guard state.slotWatch.isWanted, !state.slotWatch.isProbing, let shards = state.status?.shards else {
                return nil
            }
            state.slotWatch.isProbing = true
            let leaders = shards.compactMap { shard in
                shard.nodes.first { $0.role == .leader && $0.state == .running }?.address
            }
            return leaders.compactMap { try? NodeAddress($0) }
        }
        guard let leaders else { return }
        Task {
            let documents = await withTaskGroup(of: SlotsDocument?.self) { tasks in
                for leader in leaders { tasks.addTask { await self.slots(of: leader) } }
                return await tasks.reduce(into: [SlotsDocument]()) { if let one = $1 { $0.append(one) } }
            }
            let wake = state.withLock { state in
                state.slotWatch.isProbing = false
                if let slots = ClusterSlots(documents, previous: state.slotWatch.rounds.first ?? []) {
                    state.slotWatch.slots = slots
                    state.slotWatch.rounds.append(documents)
                    if state.slotWatch.rounds.count > Self.roundsMax { state.slotWatch.rounds.removeFirst() }
                    state.slotWatch.readAt = max(state.slotWatch.readAt + 1, Clock.monotonicMilliseconds())
                }
                return state.wake
            }
            wake?()
        }
    }

    /// nil: it did not answer, or with something else; its shard is shown as unknown then.
    private func slots(of leader: NodeAddress) async -> SlotsDocument? {
        do throws(ClientError) {
            let response = try await HTTPFetch.request(
                method: "GET",
                address: leader,
                path: "/slots",
                timeout: Self.slotsTimeout,
                group: group
            )
            guard response.status == 200, let document = StatusJSON.decode(SlotsDocument.self, from: response.body),
                document.cluster == config.name, document.isSound
            else { return nil }
            return document
        } catch {
            return nil
        }
    }
}
