import NIOCore
import Storage

/// What a connection's output takes of one command: RESP of the connection's protocol version, appended to what waits to be
/// sent.
struct Reply {
    /// One command's reply: eight of the largest values. MGET can name a million keys, and memory is for everybody.
    static let bytesMax = 128 << 20

    /// All that waits to be sent, replies of earlier commands first.
    var output: ByteBuffer
    /// The connection's protocol, 2 or 3.
    var version = 2
    /// A large reply of a command that ran elsewhere; it comes after all of `output`.
    var parts: ReplyParts?

    init(_ output: ByteBuffer = ByteBuffer()) { self.output = output }

    /// Where the next byte goes.
    @inline(__always) var end: Int { output.writerIndex }

    /// Takes back what was written from there on.
    mutating func takeBack(to end: Int) { output.moveWriterIndex(to: end) }

    @inline(__always)
    mutating func ok() { output.writeRESPOK() }

    mutating func simple(_ text: StaticString) { output.writeRESPSimple(text) }

    @inline(__always)
    mutating func integer(_ value: Int64) { output.writeRESPInteger(value) }

    @inline(__always)
    mutating func bulk(_ bytes: UnsafeRawBufferPointer) { output.writeRESPBulk(bytes) }

    mutating func bulk(_ bytes: [UInt8]) { bytes.withUnsafeBytes { output.writeRESPBulk($0) } }

    mutating func bulk(_ text: String) { output.writeRESPBulk(text) }

    mutating func null() { output.writeRESPNull(version: version) }

    /// The head of an array; its elements follow.
    mutating func array(count: Int) { output.writeRESPArray(count: count) }

    /// The head of a map; its keys and values follow in turn.
    mutating func map(count: Int) { output.writeRESPMap(count: count, version: version) }

    /// - Parameter text: code first; line ends become spaces.
    mutating func error(_ text: String) { output.writeRESPError(text) }

    mutating func error(bytes: some Collection<UInt8>) { output.writeRESPError(bytes: bytes) }

    mutating func error(_ error: StorageError) { output.writeRESPError(error) }

    mutating func wrongCount(of command: String) { error("ERR wrong number of arguments for '\(command)' command") }

    mutating func notAnInteger() { error("ERR value is not an integer or out of range") }

    mutating func tooLong(_ advice: String) {
        error("ERR the reply would be longer than \(Reply.bytesMax) bytes: \(advice)")
    }

    /// What is a whole reply already.
    mutating func raw(_ bytes: [UInt8]) { output.writeBytes(bytes) }
}
