import Replication
import Server
import Synchronization

/// Leadership as connections see it: it takes waits and leaves the answers to the test.
final class FakeLeadership: ShardLeadership {
    private struct State {
        var begun: [ReplicaWait] = []
        var open: [ReplicaWait] = []
        /// The answer to a wait that is ended; nil: this node does not lead.
        var reached: Int? = 0
        var isAboutToLead = false
        var onEvent: @Sendable (LeadershipMachine.Event?) -> Void = { _ in }
    }

    private let state = Mutex(State())

    /// Every wait so far.
    var begun: [ReplicaWait] { state.withLock { $0.begun } }
    var open: Int { state.withLock { $0.open.count } }

    var isAboutToLead: Bool { state.withLock { $0.isAboutToLead } }

    func setAboutToLead(_ value: Bool) { state.withLock { $0.isAboutToLead = value } }

    func setReached(_ count: Int?) { state.withLock { $0.reached = count } }

    /// Answers the only open wait.
    func answer(_ count: Int?) {
        let wait = state.withLock { $0.open.count == 1 ? $0.open.removeFirst() : nil }
        wait?.answer(count)
    }

    func begin(_ wait: ReplicaWait) {
        state.withLock { state in
            state.begun.append(wait)
            state.open.append(wait)
        }
    }

    func end(_ wait: ReplicaWait) {
        let (ended, count) = state.withLock { state in
            let index = state.open.firstIndex { $0 === wait }
            return (index.map { state.open.remove(at: $0) }, state.reached)
        }
        ended?.answer(count)
    }

    /// - Parameter body: called with every event, and with nil when a stream begins.
    func onEvent(_ body: @escaping @Sendable (LeadershipMachine.Event?) -> Void) {
        state.withLock { $0.onEvent = body }
    }

    func attach(_ stream: any FollowerStream, member: Member, term: UInt64) -> UInt64 {
        state.withLock { $0.onEvent }(nil)
        return 1
    }

    func handle(_ event: LeadershipMachine.Event) { state.withLock { $0.onEvent }(event) }
}
