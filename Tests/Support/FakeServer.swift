import Glibc
import Model
import Synchronization

/// A TCP server that answers every read with what a closure says, on threads of its own.
package final class FakeServer: Sendable {
    package let address: NodeAddress
    private let listener: Int32
    private let received = Mutex<[String]>([])

    /// `answer` gets the text of one read; nil closes the connection.
    package init(_ answer: @escaping @Sendable (String) -> String?) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                guard bind(listener, generic, length) == 0, listen(listener, 64) == 0,
                    getsockname(listener, generic, &length) == 0
                else { return UInt16(0) }
                return pointer.pointee.sin_port.bigEndian
            }
        }
        self.listener = listener
        address = NodeAddress(host: "127.0.0.1", port: port)
        Thread.start { [self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else {
                    // Closed here alone: elsewhere its number could be another server's before accept sees it.
                    _ = Glibc.close(listener)
                    return
                }
                Thread.start { self.serve(connection, answer) }
            }
        }
    }

    /// The text of every read so far.
    package var requests: [String] { received.withLock { $0 } }

    /// Ends the accepting thread and frees the port.
    package func close() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func serve(_ connection: Int32, _ answer: (String) -> String?) {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { break }
            let text = String(decoding: buffer[..<count], as: UTF8.self)
            received.withLock { $0.append(text) }
            guard let reply = answer(text) else { break }
            _ = Array(reply.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
        _ = Glibc.close(connection)
    }

    private enum Thread {
        static func start(_ body: @escaping @Sendable () -> Void) {
            var thread = pthread_t()
            let box = Unmanaged.passRetained(Box(body))
            pthread_create(
                &thread,
                nil,
                { pointer in
                    pointer.map { Unmanaged<Box>.fromOpaque($0).takeRetainedValue().body() }
                    return nil
                },
                box.toOpaque()
            )
            pthread_detach(thread)
        }

        final class Box: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
    }
}
