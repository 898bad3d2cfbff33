import Glibc
import Model

/// A blocking TCP connection that sends and receives bytes as they are. For one thread.
package final class RawConnection {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(_ description: String) { self.description = description }
    }

    /// Longer than any answer may take, on a busy machine too.
    private static let patienceSeconds = 20

    private let descriptor: Int32
    private var received: [UInt8] = []

    /// - Parameter receiveBuffer: the socket's, in bytes; small for a client that reads slowly. nil: the system's.
    package init(to address: NodeAddress, receiveBuffer: Int32? = nil) throws {
        // Nodes that a test starts must not inherit it: the connection would outlive its end here.
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var patience = timeval(tv_sec: RawConnection.patienceSeconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = address.port.bigEndian
        inet_pton(AF_INET, address.host, &name.sin_addr)
        let result = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure("connect to \(address): errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Sends all of it; false when the other side no longer takes it.
    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    @discardableResult
    package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    /// How many of the bytes the system takes without waiting.
    package func sendWithoutWaiting(_ bytes: [UInt8]) -> Int {
        max(
            0,
            bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
            }
        )
    }

    /// Says that nothing more will be sent.
    package func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The other side will be told of a reset, as by a process that was killed with unread bytes, when this is let go of.
    package func resetAtEnd() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    /// Whether more has come; false at the end of the other side's bytes.
    private func fill() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        guard count >= 0 else {
            throw Failure("receive: errno \(errno), had \(String(decoding: received, as: UTF8.self).prefix(200))")
        }
        received += buffer[..<count]
        return count > 0
    }

    package func receive(_ count: Int) throws -> [UInt8] {
        while received.count < count {
            guard try fill() else {
                throw Failure("ended behind \(String(decoding: received, as: UTF8.self).prefix(200))")
            }
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    package func receiveText(_ count: Int) throws -> String { String(decoding: try receive(count), as: UTF8.self) }

    /// Everything up to the end of the other side's bytes. Throws when the connection was reset.
    package func receiveAll() throws -> [UInt8] {
        while try fill() {}
        defer { received = [] }
        return received
    }

    package func receiveAllText() throws -> String { String(decoding: try receiveAll(), as: UTF8.self) }

    /// Whether anything has come, without waiting.
    package var hasReceived: Bool {
        var byte: UInt8 = 0
        return !received.isEmpty || recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
    }

    /// One line with its CR LF.
    package func receiveLine() throws -> [UInt8] {
        var seen = 0
        while true {
            if let newline = received[seen...].firstIndex(of: 10) { return try receive(newline + 1) }
            seen = received.count
            guard try fill() else { throw Failure("ended in a line") }
        }
    }

    /// The bytes of one whole reply of the Redis protocol, 2 or 3.
    package func receiveReply() throws -> [UInt8] {
        let line = try receiveLine()
        let count = Int(String(decoding: line.dropFirst().dropLast(2), as: UTF8.self)) ?? 0
        switch line[0] {
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"):
            return count < 0 ? line : line + (try receive(count + 2))
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"):
            let elements = line[0] == UInt8(ascii: "%") ? count * 2 : count
            return try (0..<max(0, elements)).reduce(into: line) { reply, _ in reply += try receiveReply() }
        default: return line
        }
    }

    /// A command in the form clients send.
    package static func command(_ words: [[UInt8]]) -> [UInt8] {
        words.reduce(into: Array("*\(words.count)\r\n".utf8)) {
            $0 += Array("$\($1.count)\r\n".utf8) + $1 + [13, 10]
        }
    }

    package static func command(_ words: String...) -> [UInt8] { command(words.map { Array($0.utf8) }) }
}
