import Replication
import Resharding

/// A connection from a target's leader to a source's: frames travel as bytes, in order, each way.
final class ReshardLink {
    unowned let cluster: ReshardCluster
    let target: ReshardProcess
    let source: ReshardProcess
    /// The target's number, and the source's.
    let targetLink: UInt64
    let sourceLink: UInt64
    private var toSource = MigrationFrameParser(sender: .target)
    private var toTarget = MigrationFrameParser(sender: .source)
    private var arrivesAtSource: UInt64 = 0
    private var arrivesAtTarget: UInt64 = 0
    /// Nothing gets through any more, and nobody knows.
    var isCut = false
    private(set) var isClosed = false

    init(cluster: ReshardCluster, target: ReshardProcess, source: ReshardProcess, link: UInt64) {
        self.cluster = cluster
        self.target = target
        self.source = source
        targetLink = link
        sourceLink = cluster.nextNumber()
    }

    func open(_ hello: MigrationHello) {
        let copy = try? MigrationHello(arguments: hello.arguments)
        arrive(atSource: true) { [self] in
            guard let copy, copy == hello else { return cluster.truth.fail("a hello did not survive its arguments") }
            source.links[sourceLink] = self
            source.feed(.source(link: sourceLink, .hello(copy)))
        }
    }

    func send(_ frame: MigrationFrame, toSource isToSource: Bool) {
        var bytes: [UInt8] = []
        frame.encode(into: &bytes)
        arrive(atSource: isToSource) { [self] in
            do {
                if isToSource {
                    bytes.withUnsafeBytes { toSource.append($0) }
                    while let frame = try toSource.next() { source.feed(.source(link: sourceLink, .frame(frame))) }
                } else {
                    bytes.withUnsafeBytes { toTarget.append($0) }
                    while let frame = try toTarget.next() { target.feed(.target(link: targetLink, .frame(frame))) }
                }
            } catch {
                cluster.truth.fail("a frame did not parse: \(error)")
            }
        }
    }

    /// Closed by one side: what was sent before still arrives, then the other side hears of it.
    func close(bySource isBySource: Bool) {
        guard !isClosed else { return }
        arrive(atSource: !isBySource) { [self] in
            if isBySource {
                target.feed(.target(link: targetLink, .closed(reason: "the source closed the connection")))
            } else {
                source.forget(sourceLink)
            }
        }
        isClosed = true
    }

    /// Gone for both, at once or nearly.
    func reset() {
        isCut = true
        cluster.at(cluster.now + cluster.random.pick(0...50_000)) { [self] in
            target.soon { $0.feed(.target(link: self.targetLink, .closed(reason: "reset"))) }
        }
        cluster.at(cluster.now + cluster.random.pick(0...50_000)) { [self] in
            source.soon { $0.forget(self.sourceLink) }
        }
    }

    private func arrive(atSource: Bool, _ body: @escaping () -> Void) {
        guard !isClosed else { return }
        let last = atSource ? arrivesAtSource : arrivesAtTarget
        let time = max(last, cluster.now + cluster.latency())
        if atSource { arrivesAtSource = time } else { arrivesAtTarget = time }
        cluster.at(time) { [self] in
            let process = atSource ? source : target
            guard !isCut, process.isAlive else { return }
            process.soon { _ in body() }
        }
    }
}
