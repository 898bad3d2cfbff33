import Coordination
import Glibc
import Model
import Node
import Operations
import Resharding
import Routing
import Synchronization

/// Shows a job until it has ended, and puts config.yaml in line with it. Only looks: the nodes do the work.
struct ReshardFollow {
    enum Outcome {
        case ended
        /// The display was ended by this signal; the job goes on.
        case detached(Int32)
    }

    let session: ReshardSession
    /// The job's id.
    let job: String
    let json: Bool
    /// The end that is hoped for.
    var wanted = ReshardJob.State.done
    let stop: Stop

    /// The pace of looks: two of them see most hand-overs.
    private static let pace = Duration.milliseconds(250)
    /// Where the line can't be drawn over it is printed again after so long, in milliseconds.
    private static let linePeriod: UInt64 = 5_000

    /// The signal that ended the display, if any has.
    final class Stop: Sendable {
        private let number = Mutex<Int32?>(nil)
        var signal: Int32? { number.withLock { $0 } }
        func take(_ signal: Int32) { number.withLock { $0 = signal } }
    }

    /// Runs `body` until it ends or a signal does; after that one says what goes on, and ends the process as it does.
    static func show(_ body: @escaping @Sendable (Stop) async throws -> Outcome) async throws {
        let signals = EndingSignals([SIGINT, SIGTERM])
        let stop = Stop()
        let showing = Task { try await body(stop) }
        let arrivals = signals.arrivals
        let ending = Task {
            for await number in arrivals {
                stop.take(number)
                showing.cancel()
            }
        }
        defer { withExtendedLifetime(signals) { ending.cancel() } }
        do {
            guard case .detached(let number) = try await showing.value else { return }
            StandardStreams.writeError(
                "shoal: the reshard goes on without this display: `shoal reshard run` shows it again, `shoal reshard cancel` "
                    + "ends it\n"
            )
            EndingSignals.end(with: number)
        } catch {
            // Before the job began, or while its document was written: whatever is under way is told by `status`.
            guard let number = stop.signal else { throw error }
            StandardStreams.writeError(
                "shoal: interrupted: `shoal reshard status` shows whether a reshard is under way\n"
            )
            EndingSignals.end(with: number)
        }
    }

    /// - Throws: `CommandFailure` when it ended otherwise than `wanted`, or another job has taken its place.
    func untilEnded() async throws -> Outcome {
        var lines = ProgressLines(isQuiet: json)
        var tally = ReshardTally()
        var isSettled = false
        while true {
            let began = ContinuousClock.now
            if let snapshot = try await look(&lines) {
                guard let current = snapshot.job, current.id == job else {
                    throw CommandFailure(.failed, "another reshard has begun since: see `shoal reshard status`")
                }
                if !isSettled || current.state.isEnded {
                    try settle(current, snapshot)
                    isSettled = true
                }
                let status = ReshardStatus(
                    current,
                    map: snapshot.map,
                    nodes: tally.take(await session.nodes.progress(snapshot))
                )
                lines.show(
                    ReshardStatusText.line(of: status),
                    state: status.state.rawValue,
                    isLast: status.state.isEnded
                )
                if current.state.isEnded { return try finish(status) }
            }
            if let number = stop.signal {
                lines.end()
                return .detached(number)
            }
            // The nodes' work can only be looked at; cut short by the end of the task.
            try? await Task.sleep(until: began.advanced(by: Self.pace), clock: .continuous)
        }
    }

    /// nil: the coordinator does not answer at the moment.
    private func look(_ lines: inout ProgressLines) async throws -> CoordinatorSnapshot? {
        do throws(CoordinationError) {
            return try await session.coordinator.snapshot()
        } catch {
            guard error.code == .unavailable || error.code == .cancelled else { throw error }
            if error.code == .unavailable { lines.show(error.message, state: "unavailable", isLast: false) }
            return nil
        }
    }

    private func settle(_ job: ReshardJob, _ snapshot: CoordinatorSnapshot) throws {
        do {
            try session.settleConfig(job, snapshot.map)
        } catch {
            throw CommandFailure(
                .failed,
                "the reshard is \(job.state.rawValue), but \(session.config.file) could not be brought in line: \(error)"
            )
        }
    }

    private func finish(_ status: ReshardStatus) throws -> Outcome {
        if json { StandardStreams.writeLine(try JSONOutput.text(of: status)) }
        let moved = "\(status.slotsMoved) of \(status.slotsTotal) slots are moved and stay where they are"
        if status.state == wanted { return .ended }
        switch status.state {
        case .cancelled: throw CommandFailure(.failed, "the reshard was cancelled: \(moved)")
        case .failed:
            throw CommandFailure(.failed, "the reshard failed: \(status.reason ?? "no reason was given"); \(moved)")
        case .done: throw CommandFailure(.failed, "the reshard was done already")
        case .running, .paused, .cancelling: return .ended
        }
    }

    /// The progress line: drawn over itself on a terminal, else printed now and then.
    private struct ProgressLines {
        let isQuiet: Bool
        private var said = ""
        private var saidAt: UInt64 = 0
        private var isOpen = false

        init(isQuiet: Bool) { self.isQuiet = isQuiet }

        mutating func show(_ line: String, state: String, isLast: Bool) {
            guard !isQuiet else { return }
            if StandardStreams.isTerminal {
                StandardStreams.write(Array("\r\(line)\u{1B}[K".utf8))
                isOpen = true
                if isLast { end() }
                return
            }
            let now = Clock.monotonicMilliseconds()
            guard isLast || state != said || now >= saidAt + ReshardFollow.linePeriod else { return }
            StandardStreams.writeLine(line)
            (said, saidAt) = (state, now)
        }

        /// What comes next is on a line of its own.
        mutating func end() {
            if isOpen { StandardStreams.write([10]) }
            isOpen = false
        }
    }
}
