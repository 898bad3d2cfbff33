import Model
import NIOCore
import NIOPosix
import Synchronization

/// The network in front of one address, as a proxy: whoever connects to it comes through here, and each direction can be
/// cut.
///
/// What is sent into a cut comes late, not never: so does a network that loses packets, since TCP sends them again, and
/// no network loses bytes in the middle of a stream. The end of a connection does not get through a cut either. New
/// connections are taken and stay silent.
final class LinkProxy: Sendable {
    enum Origin: Hashable, Sendable {
        case client
        /// A follower, by the address it says it has.
        case peer(NodeAddress?)
    }

    enum Direction: Hashable, Sendable { case toNode, fromNode }

    struct Cut: Hashable, Sendable {
        /// `.peer(nil)`: every follower.
        var origin: Origin
        var direction: Direction
    }

    let address: NodeAddress
    private let target: NodeAddress
    private let cuts = Mutex<Set<Cut>>([])
    private let links = Mutex<[ObjectIdentifier: Link]>([:])
    private let listener = Mutex<(any Channel)?>(nil)
    private static let group = MultiThreadedEventLoopGroup.singleton

    private init(address: NodeAddress, target: NodeAddress) {
        self.address = address
        self.target = target
    }

    /// Listens at `address` from now on.
    static func start(at address: NodeAddress, to target: NodeAddress) async throws -> LinkProxy {
        let proxy = LinkProxy(address: address, target: target)
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { [weak proxy] in proxy?.connect($0) ?? $0.close() }
            .bind(host: address.host, port: Int(address.port)).get()
        proxy.listener.withLock { $0 = channel }
        return proxy
    }

    deinit {
        listener.withLock { $0 }?.close(promise: nil)
        for link in links.withLock({ Array($0.values) }) { link.close() }
    }

    /// Replaces all cuts; what was held back goes on its way where there is none any more.
    func set(_ new: Set<Cut>) {
        cuts.withLock { $0 = new }
        for link in links.withLock({ Array($0.values) }) { link.update() }
    }

    func heal() { set([]) }

    fileprivate func isCut(_ origin: Origin, _ direction: Direction) -> Bool {
        cuts.withLock { cuts in
            if cuts.contains(Cut(origin: origin, direction: direction)) { return true }
            guard case .peer = origin else { return false }
            return cuts.contains(Cut(origin: .peer(nil), direction: direction))
        }
    }

    /// Whose connection it is, by its first bytes.
    fileprivate static func origin(of bytes: ByteBuffer) -> Origin {
        let words = String(buffer: bytes).split(separator: "\r\n")
        guard words.contains("SHOAL.REPLICATE") else { return .client }
        return .peer(words.lazy.compactMap { try? NodeAddress(String($0)) }.first)
    }

    private func connect(_ outer: any Channel) -> EventLoopFuture<Void> {
        ClientBootstrap(group: outer.eventLoop)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: target.host, port: Int(target.port))
            .flatMap { inner in
                let link = Link(proxy: self, outer: outer, inner: inner)
                self.track(link, until: outer.closeFuture.and(inner.closeFuture))
                return outer.pipeline.addHandler(link.toNode).and(inner.pipeline.addHandler(link.fromNode))
                    .map { _ in link.update() }
            }
    }

    private func track(_ link: Link, until end: EventLoopFuture<(Void, Void)>) {
        let id = ObjectIdentifier(link)
        links.withLock { $0[id] = link }
        end.whenComplete { [weak self] _ in self?.links.withLock { $0[id] = nil } }
    }

    /// One connection: both ends are on one event loop, and so is all that changes here.
    fileprivate final class Link: @unchecked Sendable {
        private weak var proxy: LinkProxy?
        let outer: any Channel
        let inner: any Channel
        let toNode: Pipe
        let fromNode: Pipe
        /// nil until the first bytes tell.
        var origin: Origin?

        init(proxy: LinkProxy, outer: any Channel, inner: any Channel) {
            self.proxy = proxy
            self.outer = outer
            self.inner = inner
            toNode = Pipe(from: outer, to: inner, .toNode)
            fromNode = Pipe(from: inner, to: outer, .fromNode)
            toNode.link = self
            fromNode.link = self
        }

        func isOpen(_ direction: Direction) -> Bool {
            guard let origin else { return true }
            return !(proxy?.isCut(origin, direction) ?? false)
        }

        /// Any thread.
        func update() {
            outer.eventLoop.execute {
                self.toNode.pass()
                self.fromNode.pass()
            }
        }

        func close() {
            outer.close(promise: nil)
            inner.close(promise: nil)
        }
    }

    /// One direction of one connection.
    fileprivate final class Pipe: ChannelInboundHandler, @unchecked Sendable {
        // Sendable: confined to the event loop of both channels.
        typealias InboundIn = ByteBuffer

        weak var link: Link?
        private let source: any Channel
        private let target: any Channel
        private let direction: Direction
        private var held: [ByteBuffer] = []
        private var ending: CloseMode?
        private var hasEnded = false

        init(from source: any Channel, to target: any Channel, _ direction: Direction) {
            self.source = source
            self.target = target
            self.direction = direction
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            if direction == .toNode, let link, link.origin == nil { link.origin = LinkProxy.origin(of: bytes) }
            held.append(bytes)
            pass()
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event {
                ending = ending ?? .output
                pass()
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            ending = .all
            pass()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        /// Hands on what has come, unless this direction is cut; then no more is read.
        func pass() {
            let isOpen = link?.isOpen(direction) ?? true
            source.setOption(.autoRead, value: isOpen).whenFailure { _ in }
            guard isOpen else { return }
            for bytes in held { target.write(bytes, promise: nil) }
            held = []
            target.flush()
            if let ending, !hasEnded {
                hasEnded = ending == .all
                target.close(mode: ending, promise: nil)
            }
        }
    }
}
