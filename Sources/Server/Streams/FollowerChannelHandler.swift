import NIOCore
import Replication

/// Turns a follower's socket into events: first the answer to the hello, then frames.
final class FollowerChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let link: UInt64
    private let deliver: (FollowerMachine.Event) -> Void
    private var parser = PeerFrameParser(sender: .leader)
    private var answer = HelloAnswer()

    init(link: UInt64, deliver: @escaping (FollowerMachine.Event) -> Void) {
        self.link = link
        self.deliver = deliver
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if !answer.isAccepted, !readAnswer(&bytes, context) { return }
        bytes.withUnsafeReadableBytes { parser.append($0) }
        var sawFrame = false
        do throws(ReplicationError) {
            while let frame = try parser.next() {
                sawFrame = true
                deliver(.frame(link: link, frame))
            }
        } catch {
            return end(context, "the leader sent junk: \(error)")
        }
        if !sawFrame { deliver(.bytesReceived(link: link)) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deliver(.disconnected(link: link, reason: "the leader closed the connection"))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(context, "the connection broke: \(ConnectFailure.reason(error))")
    }

    /// - Returns: whether the answer was read whole and was `+OK`; the rest of `bytes` are frames.
    private func readAnswer(_ bytes: inout ByteBuffer, _ context: ChannelHandlerContext) -> Bool {
        switch answer.read(&bytes) {
        case .incomplete: break
        case .accepted: deliver(.helloAccepted(link: link))
        case .refused(let reason): end(context, "the leader refused: \(reason)")
        case .foreign: end(context, "the leader's answer makes no sense: is another program at its address?")
        }
        return answer.isAccepted
    }

    private func end(_ context: ChannelHandlerContext, _ reason: String) {
        deliver(.disconnected(link: link, reason: reason))
        context.close(promise: nil)
    }
}
