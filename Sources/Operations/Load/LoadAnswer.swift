import Routing
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
        guard let head = HTTPAnswerHead.end(in: bytes) else {
            guard bytes.count <= ClientLimits.httpHeadBytes else {
                throw ClientError(.badReply, "an HTTP head is over \(ClientLimits.httpHeadBytes) bytes")
            }
            return nil
        }
        guard let status = HTTPAnswerHead.status(in: bytes) else {
            throw ClientError(.badReply, "the answer is not HTTP/1.1")
        }
        var length = head
        if status != 204, status != 304 {
            let text = HTTPAnswerHead.field("content-length:", in: bytes, head: head)
            guard let body = text.flatMap({ Int($0) }), (0...ClientLimits.httpBodyBytes).contains(body) else {
                throw ClientError(.badReply, "an HTTP answer has no Content-Length that can be read")
            }
            length += body
        }
        guard bytes.count >= length else { return nil }
        switch status {
        case 200..<300: return (.done, length)
        case 404: return (.miss, length)
        case 307, 308:
            let location = HTTPAnswerHead.field("location:", in: bytes, head: head) ?? ""
            let authority = location.split(separator: "/", omittingEmptySubsequences: true).dropFirst().first
            guard let address = authority.flatMap({ try? NodeAddress(String($0)) }) else {
                return (.error("HTTP \(status) without Location"), length)
            }
            return (.redirect(address), length)
        default: return (.error("HTTP \(status)"), length)
        }
    }
}

/// The few parts of an HTTP answer's head that the load needs.
private enum HTTPAnswerHead {
    /// The index behind the empty line, or nil.
    static func end(in bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 3
        while index < bytes.count {
            if bytes[index] == 10, bytes[index - 1] == 13, bytes[index - 2] == 10, bytes[index - 3] == 13 {
                return index + 1
            }
            index += 1
        }
        return nil
    }

    /// `HTTP/1.1 200 …`
    static func status(in bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 12, bytes[0] == UInt8(ascii: "H"), bytes[8] == 32 else { return nil }
        let digits = (9...11).map { Int(bytes[$0]) - 48 }
        guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
        return digits[0] * 100 + digits[1] * 10 + digits[2]
    }

    /// The value of a field; `name` in lower case with its colon.
    static func field(_ name: StaticString, in bytes: UnsafeRawBufferPointer, head: Int) -> String? {
        let count = name.utf8CodeUnitCount
        var line = 0
        while line + count < head {
            var same = 0
            // Bit 5 makes capitals small; a colon has it set already.
            while same < count, bytes[line + same] | 0x20 == name.utf8Start[same] | 0x20 { same += 1 }
            var end = line
            while end < head, bytes[end] != 13 { end += 1 }
            if same == count {
                var start = line + count
                while start < end, bytes[start] == 32 { start += 1 }
                return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), as: UTF8.self)
            }
            line = end + 2
        }
        return nil
    }
}
