import NIOCore

/// The line with which a peer answers a hello, before frames come: `+OK`, or `-` and why not.
struct HelloAnswer {
    enum Outcome: Hashable {
        /// More bytes are needed.
        case incomplete
        case accepted
        /// The peer's reason.
        case refused(String)
        /// Longer than any answer of ours: another program is at that address.
        case foreign
    }

    /// A refusal is one line for people.
    static let bytesMax = 4096

    private var line = ByteBuffer()
    private(set) var isAccepted = false

    /// Takes what belongs to the line; what is left of `bytes` are frames.
    mutating func read(_ bytes: inout ByteBuffer) -> Outcome {
        if isAccepted { return .accepted }
        while let byte = bytes.readInteger(as: UInt8.self) {
            if byte == 10 {
                let text = String(buffer: line)
                guard text.hasPrefix("+OK") else { return .refused(String(text.drop { $0 == "-" })) }
                isAccepted = true
                return .accepted
            }
            if byte != 13 { line.writeInteger(byte) }
            if line.readableBytes > Self.bytesMax { return .foreign }
        }
        return .incomplete
    }
}
