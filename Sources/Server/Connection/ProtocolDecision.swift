import NIOCore

/// What a connection speaks, as its first bytes tell (docs/protocol.md, One address).
package struct ProtocolDecision {
    package enum Outcome: Equatable {
        /// Not known yet: more bytes are needed.
        case open
        case resp, http
        /// Nothing that could be answered.
        case unknown
        /// Another protocol, as a web page can make a browser speak it: nothing of it may be executed.
        case foreign
    }

    /// A first line longer than this is no HTTP and no sensible inline command.
    package static let firstLineMax = 64 << 10

    /// How many bytes of the first line are known to have no newline.
    private var searched = 0

    package init() {}

    /// Asked again with more bytes, the first ones being the same, until it is not `open`.
    package mutating func decide(_ input: ByteBuffer) -> Outcome {
        guard let first = input.getInteger(at: input.readerIndex, as: UInt8.self) else { return .open }
        if first == UInt8(ascii: "*") { return .resp }
        // A TLS hello: this node has no certificate, and an answer in clear text would only confuse.
        if first == 0x16 { return .unknown }
        guard CrossProtocolGuard.canBegin(with: first) else { return .foreign }
        let line = input.readableBytesView
        guard let end = line.dropFirst(searched).firstIndex(of: 10) else {
            searched = line.count
            return searched > ProtocolDecision.firstLineMax ? .unknown : .open
        }
        let text = line[line.startIndex..<end]
        let trimmed = text.last == 13 ? text.dropLast() : text
        let isHTTP = trimmed.count > 9 && trimmed.suffix(8).dropLast().elementsEqual("HTTP/1.".utf8)
        return isHTTP ? .http : .resp
    }
}
