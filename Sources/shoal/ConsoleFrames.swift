import Console
import Glibc
import Model
import Node
import Operations
import Routing

/// Frames of the console as plain text, or status documents: one, or one each second.
struct ConsoleFrames {
    let config: ClusterConfig
    let options: ConsoleOptions

    /// - Throws: after a single frame on which no node was reached.
    func print() async throws {
        let probe = ClusterProbe(config: config, group: EventLoops.shared)
        guard options.watch else {
            let status = await probe.probe()
            try show(status, after: [])
            return try requireReachable(status)
        }
        // Frames before feed the graph.
        var snapshots: [ClusterSnapshot] = []
        try await Watch.everySecond { [self] isFirst in
            let status = await probe.probe()
            if Task.isCancelled { return }
            if !isFirst, !options.json { StandardStreams.writeLine("") }
            snapshots = try show(status, after: snapshots)
        }
    }

    @discardableResult
    private func show(_ status: ClusterStatus, after earlier: [ClusterSnapshot]) throws -> [ClusterSnapshot] {
        if options.json {
            if options.watch {
                StandardStreams.writeLine(try JSONOutput.text(of: status, isPretty: false))
            } else {
                StandardStreams.write(StatusJSON.encode(status))
            }
            return []
        }
        let snapshot = ClusterSnapshot(
            status: status,
            environment: ClusterSnapshot.Environment(rawValue: config.environment.rawValue) ?? .development,
            milliseconds: Int(Clock.monotonicMilliseconds())
        )
        let snapshots = (earlier + [snapshot]).suffix(SampleHistory.capacity)
        let size = TerminalSize.ofStandardOutput
        let text = try OncePrinter.text(
            snapshots: Array(snapshots),
            options: dashboardOptions(options),
            clock: ConsoleClock(
                milliseconds: snapshot.milliseconds,
                unixSeconds: Int(time(nil)),
                utcOffsetSeconds: localOffset()
            ),
            width: size?.width ?? OncePrinter.defaultWidth,
            height: size?.height ?? OncePrinter.defaultHeight
        )
        StandardStreams.writeLine(text)
        return Array(snapshots)
    }

    private func requireReachable(_ status: ClusterStatus) throws {
        guard status.shards.flatMap(\.nodes).allSatisfy({ $0.state == .unreachable }) else { return }
        throw CommandFailure(
            .unreachable,
            "no node of \(config.file) can be reached: start one with `shoal node`, or all with `shoal console --start`"
        )
    }

    private func localOffset() -> Int {
        var now = time(nil)
        var local = tm()
        localtime_r(&now, &local)
        return local.tm_gmtoff
    }
}

/// The size of the terminal that stdout is, if it is one.
enum TerminalSize {
    static var ofStandardOutput: (width: Int, height: Int)? {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return nil }
        return (Int(size.ws_col), Int(size.ws_row))
    }
}
