import NIOCore
import NIOPosix
import Synchronization
import TestSupport

/// A TCP proxy before an etcd member, which can be cut in several ways.
final class TestProxy: Sendable {
    enum Mode: Sendable {
        case pass
        /// Connections are closed at once, those that there are as well.
        case refuse
        /// Connections are taken, and nothing comes through.
        case silent
        /// What the client says comes through, answers don't.
        case deaf
    }

    let port: Int
    private let mode = Mutex(Mode.pass)
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])
    private let listener: any Channel
    private static let group = MultiThreadedEventLoopGroup.singleton

    init(to target: Int) async throws {
        port = try TestEtcd.freePort()
        let shared = SharedBox()
        listener = try await ServerBootstrap(group: Self.group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { client in
                guard let proxy = shared.proxy else { return client.close() }
                return proxy.connect(client, target)
            }
            .bind(host: TestEtcd.host, port: port).get()
        shared.proxy = self
    }

    var endpoint: String { "http://\(TestEtcd.host):\(port)" }

    func set(_ new: Mode) {
        mode.withLock { $0 = new }
        guard case .refuse = new else { return }
        for channel in channels.withLock({ Array($0.values) }) { channel.close(promise: nil) }
    }

    func close() async throws {
        set(.refuse)
        try await listener.close()
    }

    fileprivate var now: Mode { mode.withLock { $0 } }

    private func connect(_ client: any Channel, _ target: Int) -> EventLoopFuture<Void> {
        if case .refuse = now { return client.close() }
        track(client)
        return ClientBootstrap(group: client.eventLoop)
            .channelOption(.autoRead, value: false)
            .connect(host: TestEtcd.host, port: target)
            .flatMap { server in
                self.track(server)
                let requests = Pipe(to: server, isAnswers: false, proxy: self)
                let answers = Pipe(to: client, isAnswers: true, proxy: self)
                return client.pipeline.addHandler(requests).and(server.pipeline.addHandler(answers))
                    .flatMap { _ in
                        client.setOption(.autoRead, value: true).and(server.setOption(.autoRead, value: true))
                    }
                    .map { _ in }
            }
    }

    private func track(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        channels.withLock { $0[id] = channel }
        channel.closeFuture.whenComplete { _ in self.channels.withLock { $0[id] = nil } }
    }

    /// The listener exists before the proxy does.
    private final class SharedBox: Sendable {
        private let box = Mutex<TestProxy?>(nil)

        var proxy: TestProxy? {
            get { box.withLock { $0 } }
            set { box.withLock { $0 = newValue } }
        }
    }

    /// One direction of one connection; on that connection's event loop.
    private final class Pipe: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer

        private let to: any Channel
        private let isAnswers: Bool
        private let proxy: TestProxy

        init(to: any Channel, isAnswers: Bool, proxy: TestProxy) {
            self.to = to
            self.isAnswers = isAnswers
            self.proxy = proxy
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch proxy.now {
            case .pass: to.writeAndFlush(unwrapInboundIn(data), promise: nil)
            case .deaf where !isAnswers: to.writeAndFlush(unwrapInboundIn(data), promise: nil)
            default: break
            }
        }

        func channelInactive(context: ChannelHandlerContext) { to.close(promise: nil) }
    }
}
