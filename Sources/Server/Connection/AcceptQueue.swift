import Glibc
import Model
import NIOCore

/// Connections to a listening socket that the system has made and nobody has accepted yet. When the socket is closed the
/// system resets them, so a client that has connected, and perhaps sent its request, would be cut off without an answer.
struct AcceptQueue: Sendable {
    /// How often the length is looked at.
    private static let pace = TimeAmount.milliseconds(1)
    /// A queue that does not become empty must not keep a node from stopping.
    private static let patience: UInt64 = 1_000_000_000

    private let options: any SocketOptionProvider
    private let loop: any EventLoop

    /// - Parameter listener: a channel that listens and accepts.
    init?(_ listener: any Channel) {
        guard let options = listener as? any SocketOptionProvider else { return nil }
        self.options = options
        loop = listener.eventLoop
    }

    /// Lets no new connection begin, and returns when all that have begun are accepted, or after a second. A client that
    /// tries meanwhile repeats its first packet after a second, as the system has it, and is refused then.
    ///
    /// Throws what the system says if it has no such filter, or if the socket is closed already.
    func empty() async throws {
        try await refuse()
        let began = Clock.monotonicNanoseconds()
        while try await count() > 0, Clock.monotonicNanoseconds() < began + AcceptQueue.patience {
            try await loop.scheduleTask(in: AcceptQueue.pace) {}.futureResult.get()
        }
    }

    /// Has the system drop first packets (SYN without ACK); what belongs to connections that have begun passes.
    private func refuse() async throws {
        let program: [Instruction] = [
            .loadByte(at: 13),  // the flags in TCP's header
            .and(0x12),  // SYN and ACK
            .skipUnless(0x02, count: 1),
            .accept(bytes: 0),
            .accept(bytes: .max),
        ]
        let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: program.count)
        defer { memory.deallocate() }
        for (index, instruction) in program.enumerated() { memory[index] = instruction.packed }
        // It has copied the program when it returns.
        try await options.unsafeSetSocketOption(
            level: .socket,
            name: NIOBSDSocket.Option(rawValue: SO_ATTACH_FILTER),
            value: Program(count: UInt16(program.count), instructions: UInt(bitPattern: memory))
        ).get()
    }

    /// What the system tells of a listening socket in this field.
    private func count() async throws -> UInt32 {
        let information: tcp_info = try await options.unsafeGetSocketOption(
            level: .tcp,
            name: NIOBSDSocket.Option(rawValue: TCP_INFO)
        ).get()
        return information.tcpi_unacked
    }

    /// `struct sock_fprog` of Linux.
    private struct Program {
        var count: UInt16
        /// The address of the first one.
        var instructions: UInt
    }

    /// `struct sock_filter` of Linux: a 16-bit code, two 8-bit jumps and a 32-bit operand.
    private struct Instruction {
        var code: UInt16
        var ifFalse: UInt8 = 0
        var operand: UInt32

        var packed: UInt64 { UInt64(code) | UInt64(ifFalse) << 24 | UInt64(operand) << 32 }

        static func loadByte(at offset: UInt32) -> Instruction { Instruction(code: 0x30, operand: offset) }
        static func and(_ mask: UInt32) -> Instruction { Instruction(code: 0x54, operand: mask) }
        static func skipUnless(_ value: UInt32, count: UInt8) -> Instruction {
            Instruction(code: 0x15, ifFalse: count, operand: value)
        }
        static func accept(bytes: UInt32) -> Instruction { Instruction(code: 0x06, operand: bytes) }
    }
}
