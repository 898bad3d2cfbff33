import NIOCore
import Resharding
import Server

/// A connection from a target's leader to a source's: bytes in order, in pieces of any size, each way.
final class ReshardLink {
    unowned let cluster: ReshardCluster
    let target: ReshardProcess
    let source: ReshardProcess
    let number: UInt64
    private(set) var sides: (target: ReshardLinkSide, source: ReshardLinkSide)
    private var arrivesAtSource: UInt64 = 0
    private var arrivesAtTarget: UInt64 = 0
    private var watch = ReshardFrameWatch()
    /// Nothing gets through any more, and nobody knows.
    var isCut = false

    init(cluster: ReshardCluster, target: ReshardProcess, source: ReshardProcess, _ end: any LinkEnd) {
        self.cluster = cluster
        self.target = target
        self.source = source
        number = cluster.nextNumber()
        sides = (ReshardLinkSide(number, isSource: false), ReshardLinkSide(number, isSource: true))
        sides.target.begin(link: self, process: target, end)
        sides.source.begin(link: self, process: source, nil)
    }

    /// The slots that it copies, once the source has accepted.
    var copies: MigrationHello? { watch.isAccepted && sides.source.isOpen ? sides.source.hello : nil }

    func carry(_ bytes: ByteBuffer, fromSource: Bool) {
        watch.look(at: bytes, fromSource: fromSource, self)
        var rest = bytes
        if rest.readableBytes > 1, cluster.random.chance(0.2) {
            let count = 1 + cluster.random.pick(below: rest.readableBytes - 1)
            if let piece = rest.readSlice(length: count) { arrive(atSource: !fromSource) { $0.receive(piece) } }
        }
        arrive(atSource: !fromSource) { [rest] in $0.receive(rest) }
    }

    /// What was sent before still arrives, then the other side hears of it.
    func tellClosed(fromSource: Bool) {
        arrive(atSource: !fromSource) { $0.finish("the other side closed the connection") }
    }

    /// Gone for both, at once or nearly.
    func reset() {
        isCut = true
        for side in [sides.target, sides.source] {
            let process = side.process
            cluster.at(cluster.now + cluster.random.pick(0...50_000)) {
                process?.loop.run { side.finish("the connection broke") }
            }
        }
    }

    /// Nothing happens any more: what holds each other lets go.
    func dismantle() {
        isCut = true
        sides.target.lose()
        sides.source.lose()
    }

    private func arrive(atSource: Bool, _ body: @escaping (ReshardLinkSide) -> Void) {
        let last = atSource ? arrivesAtSource : arrivesAtTarget
        let time = max(last, cluster.now + cluster.latency())
        if atSource { arrivesAtSource = time } else { arrivesAtTarget = time }
        let side = atSource ? sides.source : sides.target
        let process = atSource ? source : target
        cluster.at(time) { [self] in
            guard !isCut else { return }
            process.loop.run { if side.isOpen { body(side) } }
        }
    }
}

/// One side of a connection, as the process that has it sees it.
final class ReshardLinkSide: ByteLink {
    let number: UInt64
    let isSource: Bool
    /// It lasts as long as the cluster's list of connections.
    private(set) weak var link: ReshardLink?
    private(set) weak var process: ReshardProcess?
    private(set) var isOpen = false
    private(set) var hello: MigrationHello?
    private var end: (any LinkEnd)?
    /// What came before the hello was whole.
    private var early = ByteBuffer()

    init(_ number: UInt64, isSource: Bool) {
        self.number = number
        self.isSource = isSource
    }

    func begin(link: ReshardLink, process: ReshardProcess, _ end: (any LinkEnd)?) {
        self.link = link
        self.process = process
        self.end = end
        isOpen = true
        process.sides[number] = self
    }

    func send(_ bytes: ByteBuffer) { if isOpen { link?.carry(bytes, fromSource: isSource) } }

    func close() {
        guard isOpen else { return }
        finish("it was closed here")
        link?.tellClosed(fromSource: isSource)
    }

    /// Its process is no more; the system closes what it had.
    func lose() {
        end = nil
        close()
    }

    func finish(_ reason: String) {
        guard isOpen else { return }
        isOpen = false
        process?.sides[number] = nil
        let told = end
        end = nil
        told?.ended(reason)
    }

    func receive(_ bytes: ByteBuffer) {
        if let end { return end.received(bytes) }
        var bytes = bytes
        early.writeBuffer(&bytes)
        greet()
    }

    /// As a node's connection does with a command that makes it one of moves.
    private func greet() {
        guard let words = ReshardLinkSide.command(&early), let process else { return }
        guard words.first == Array(MigrationHello.command.utf8),
            let hello = try? MigrationHello(arguments: Array(words.dropFirst()))
        else {
            process.cluster.truth.fail("a hello did not survive its arguments")
            return
        }
        guard process.isServing, let driver = process.driver else {
            send(ByteBuffer(string: "-ERR this node is not the leader\r\n"))
            return close()
        }
        self.hello = hello
        let stream = MigrationStreamEnd(
            resharding: driver,
            hello: hello,
            eventLoop: process.loop,
            logger: process.logger
        )
        end = stream
        send(ByteBuffer(string: "+OK\r\n"))
        stream.opened(self)
        if early.readableBytes > 0 { receive(early) }
        early = ByteBuffer()
    }

    /// Takes one command off the front; nil while it is not whole.
    private static func command(_ buffer: inout ByteBuffer) -> [[UInt8]]? {
        var parser = RESPRequestParser()
        var list = ArgumentList()
        var words: [[UInt8]]?
        var length = 0
        buffer.withUnsafeReadableBytes { bytes in
            guard case .complete(let end) = parser.parse(bytes, from: 0, into: &list) else { return }
            words = (0..<list.count).map { Array(list.bytes($0, in: bytes)) }
            length = end
        }
        buffer.moveReaderIndex(forwardBy: length)
        return words
    }
}
