import Model
import Server

/// What an answer means for the load.
enum LoadAnswer: Hashable {
    case done
    case miss
    case redirect(NodeAddress)
    case error(String)
}

/// Tells answers apart in a stream of them, looking at no more than it must.
struct LoadAnswerScanner {
    private let wire: LoadOptions.Wire
    private let address: NodeAddress
    private var frame = RESPFrameScanner()

    init(wire: LoadOptions.Wire, address: NodeAddress) {
        self.wire = wire
        self.address = address
    }

    /// The first answer in `bytes` and its length; nil until it is whole. Throws when the stream can't be understood.
    mutating func next(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> (answer: LoadAnswer, length: Int)? {
        guard !bytes.isEmpty else { return nil }
        switch wire {
        case .resp:
            guard let length = try frame.scan(bytes) else { return nil }
            return (try respAnswer(UnsafeRawBufferPointer(rebasing: bytes[..<length])), length)
        case .http:
            return try httpAnswer(bytes)
        }
    }

    private func respAnswer(_ reply: UnsafeRawBufferPointer) throws(ClientError) -> LoadAnswer {
        switch reply[0] {
        case UInt8(ascii: "-"):
            let text = String(decoding: reply[1..<max(reply.count - 2, 1)], as: UTF8.self)
            if let redirect = try Redirect(.error(text), askedNode: address) { return .redirect(redirect.address) }
            return .error(String(text.prefix { $0 != " " }))
        case UInt8(ascii: "_"): return .miss
        case UInt8(ascii: "$"): return reply[1] == UInt8(ascii: "-") ? .miss : .done
        default: return .done
        }
    }

    private func httpAnswer(_ bytes: UnsafeRawBufferPointer) throws(ClientError) -> (LoadAnswer, Int)? {
        guard let head = try HTTPResponseHead.read(bytes) else { return nil }
        let status = head.status
        var length = head.length
        if head.allowsBody {
            guard let body = try head.bodyLength() else {
                throw ClientError(.badReply, "an HTTP answer has no Content-Length")
            }
            length += body
        }
        guard bytes.count >= length else { return nil }
        switch status {
        case 200..<300: return (.done, length)
        case 404: return (.miss, length)
        case 307, 308:
            let location = head.value(of: "location") ?? ""
            let authority = location.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first
            guard let address = authority.flatMap({ try? NodeAddress(String($0)) }) else {
                return (.error("HTTP \(status) without Location"), length)
            }
            return (.redirect(address), length)
        default: return (.error("HTTP \(status)"), length)
        }
    }
}
