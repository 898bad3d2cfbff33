import Routing
import Server
import TestSupport
import Testing

@Suite struct RESPRequestParserTests {
    private enum Ending: Equatable {
        case incomplete
        case broken(String)
        case foreign
    }

    /// All commands of a stream whose bytes come in pieces of these lengths, and how it ends.
    private static func parse(_ stream: [UInt8], pieces: [Int]) -> (commands: [[[UInt8]]], ending: Ending) {
        var parser = RESPRequestParser()
        var arguments = ArgumentList()
        var commands: [[[UInt8]]] = []
        var input: [UInt8] = []
        var sent = 0
        for piece in pieces + [stream.count] {
            let end = min(sent + piece, stream.count)
            input += stream[sent..<end]
            sent = end
            var offset = 0
            var ending: Ending?
            input.withUnsafeBytes { bytes in
                loop: while true {
                    switch parser.parse(bytes, from: offset, into: &arguments) {
                    case .incomplete: break loop
                    case .broken(let message):
                        ending = .broken(message)
                        break loop
                    case .foreign:
                        ending = .foreign
                        break loop
                    case .complete(let end):
                        if arguments.count > 0 {
                            commands.append((0..<arguments.count).map { Array(arguments.bytes($0, in: bytes)) })
                        }
                        offset = end
                    }
                }
            }
            if let ending { return (commands, ending) }
            input.removeFirst(offset)
        }
        return (commands, .incomplete)
    }

    private static func parse(_ text: String) -> (commands: [[[UInt8]]], ending: Ending) {
        parse(Array(text.utf8), pieces: [])
    }

    private static func words(_ text: String) -> [[String]] {
        parse(text).commands.map { $0.map { String(decoding: $0, as: UTF8.self) } }
    }

    private static func ending(_ text: String) -> Ending { parse(text).ending }

    /// Commands of all forms, some of them wrong, cut anywhere: the same commands and the same end.
    @Test func anySplitGivesTheSameCommands() {
        var random = SplitMix(seed: 7)
        for round in 0..<3000 {
            var stream: [UInt8] = []
            for _ in 0..<Int.random(in: 1...6, using: &random) { stream += Self.piece(&random) }
            if Int.random(in: 0..<4, using: &random) == 0, !stream.isEmpty {
                stream[Int.random(in: stream.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let whole = Self.parse(stream, pieces: [])
            let single = Self.parse(stream, pieces: Array(repeating: 1, count: stream.count))
            let cut = (0..<8).map { _ in Int.random(in: 0...stream.count, using: &random) }
            let pieces = Self.parse(stream, pieces: cut)
            #expect(single == whole && pieces == whole, "round \(round): \(String(decoding: stream, as: UTF8.self))")
        }
    }

    private static func piece(_ random: inout SplitMix) -> [UInt8] {
        let words = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            (0..<Int.random(in: 0...20, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        switch Int.random(in: 0..<5, using: &random) {
        case 0: return Array("GET key\r\n".utf8)
        case 1: return Array("SET \"a b\" 'c'\n".utf8)
        case 2: return Array("\r\n".utf8)
        default:
            return words.reduce(into: Array("*\(words.count)\r\n".utf8)) {
                $0 += Array("$\($1.count)\r\n".utf8) + $1 + [13, 10]
            }
        }
    }

    @Test func inlineCommandsAreSplitAtBlanks() {
        #expect(Self.words("PING\r\n  SET  a\tb \nGET a\r\n") == [["PING"], ["SET", "a", "b"], ["GET", "a"]])
        #expect(Self.words("SET \"a b\" 'c \"d'\r\n") == [["SET", "a b", "c \"d"]])
        #expect(Self.words("SET a \"\"\r\n") == [["SET", "a", ""]])
        for line in ["SET a \"b\r\n", "SET a 'b\r\n", "SET a \"b\"c\r\n", "SET a it's\r\n"] {
            #expect(Self.ending(line) == .broken("Protocol error: unbalanced quotes in request"), "\(line)")
        }
        #expect(
            Self.ending("SET a \"b\\n\"\r\n")
                == .broken("Protocol error: escapes in inline requests are not supported")
        )
    }

    @Test func emptyCommandsAreSkipped() {
        #expect(Self.words("\r\n*0\r\n*-1\r\n\nPING\r\n") == [["PING"]])
        #expect(Self.ending("*0\r\n") == .incomplete)
    }

    @Test func limitsAreThoseThatAreDocumented() {
        let argument = RESPRequestParser.argumentBytesMax
        #expect(Self.ending("*1\r\n$\(argument)\r\n") == .incomplete)
        #expect(Self.ending("*1\r\n$\(argument + 1)\r\n") == .broken("Protocol error: invalid bulk length"))
        #expect(Self.ending("*1\r\n$-1\r\n") == .broken("Protocol error: invalid bulk length"))
        #expect(Self.ending("*\(RESPRequestParser.argumentsMax)\r\n") == .incomplete)
        let tooMany = "*\(RESPRequestParser.argumentsMax + 1)\r\n"
        #expect(Self.ending(tooMany) == .broken("Protocol error: invalid multibulk length"))
        #expect(Self.ending("*99999999999999999999\r\n") == .broken("Protocol error: invalid multibulk length"))
        #expect(Self.ending("*1\r\n:5\r\n") == .broken("Protocol error: expected '$', got ':'"))
        #expect(Self.ending("*x\r\n") == .broken("Protocol error: invalid multibulk length"))
        let line = String(repeating: "a", count: RESPRequestParser.inlineBytesMax)
        #expect(Self.ending(line) == .incomplete)
        #expect(Self.ending(line + "aa") == .broken("Protocol error: too big inline request"))
    }

    /// What one command may have in all is refused before it is waited for.
    @Test func aCommandHasABound() {
        let value = String(repeating: "v", count: 30 << 20)
        let two = "$\(value.utf8.count)\r\n\(value)\r\n$\(value.utf8.count)\r\n\(value)\r\n"
        #expect(Self.ending("*3\r\n\(two)$\(RESPRequestParser.argumentBytesMax)\r\n") != .incomplete)
        #expect(Self.ending("*3\r\n\(two)$1048576\r\n") == .incomplete)
    }

    /// However small the packets, each byte is looked at a few times at the most. Counted, not timed.
    @Test(arguments: [1, 100, 65_536])
    func anUnfinishedCommandIsReadOn(packet: Int) {
        let pair = "$5\r\nkey:7\r\n$9\r\nthe value\r\n"
        let pairs = (1 << 20) / pair.utf8.count
        let many = Array(("*\(1 + 2 * pairs)\r\n$4\r\nMSET\r\n" + String(repeating: pair, count: pairs)).utf8)
        let large = RawConnection.command([Array("SET".utf8), [107], [UInt8](repeating: 118, count: 1 << 20)])
        let line = Array(("ECHO " + String(repeating: "x", count: 60 << 10) + "\r\n").utf8)
        for (stream, words) in [(many, 1 + 2 * pairs), (large, 3), (line, 2)] {
            // After another command, which goes away in the middle.
            let first = Array("PING\r\n".utf8)
            var parser = RESPRequestParser()
            var arguments = ArgumentList()
            var start = first.count
            var commands: [Int] = []
            (first + stream).withUnsafeBytes { all in
                for end in stride(from: start + 1, to: all.count + packet, by: packet) {
                    if end > start + stream.count / 2, start > 0 { start = 0 }
                    let from = start == 0 ? first.count : 0
                    let bytes = UnsafeRawBufferPointer(rebasing: all[from..<min(end, all.count)])
                    if case .complete(let end) = parser.parse(bytes, from: start, into: &arguments) {
                        commands.append(arguments.count)
                        #expect(end == stream.count)
                    }
                }
            }
            #expect(commands == [words])
            #expect(parser.bytesExamined <= 8 * stream.count, "\(parser.bytesExamined) of \(stream.count)")
        }
    }

    /// The places of arguments that came earlier move with the command.
    @Test func argumentsMoveWithTheBuffer() {
        var random = SplitMix(seed: 11)
        for _ in 0..<2000 {
            let command = Self.piece(&random)
            let whole = Self.parse(command, pieces: [])
            let front = [UInt8](repeating: 120, count: Int.random(in: 0...9, using: &random))
            let cut = Int.random(in: 0...command.count, using: &random)
            var parser = RESPRequestParser()
            var arguments = ArgumentList()
            var commands: [[[UInt8]]] = []
            for (bytes, start) in [(front + command[..<cut], front.count), (command, 0)] where commands.isEmpty {
                bytes.withUnsafeBytes { bytes in
                    if case .complete = parser.parse(bytes, from: start, into: &arguments), arguments.count > 0 {
                        commands.append((0..<arguments.count).map { Array(arguments.bytes($0, in: bytes)) })
                    }
                }
            }
            #expect(commands == whole.commands)
        }
    }

    /// A command that goes on later is not parsed again, wherever its bytes stand by then.
    @Test func aKeptCommandIsNotReadAgain() {
        let command = Array("*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$2\r\nbc\r\n".utf8)
        let before = Array("PING\r\n".utf8)
        var parser = RESPRequestParser()
        var arguments = ArgumentList()
        func parse(_ bytes: [UInt8], from start: Int) -> Int? {
            bytes.withUnsafeBytes { bytes in
                guard case .complete(let end) = parser.parse(bytes, from: start, into: &arguments) else { return nil }
                return end
            }
        }
        #expect(parse(before + command, from: before.count) == before.count + command.count)
        parser.keep(from: before.count, to: before.count + command.count)
        // Other bytes in its place: whoever looked at them would see that.
        let blank = [UInt8](repeating: UInt8(ascii: "?"), count: command.count)
        #expect(parse(blank + before, from: 0) == command.count)
        #expect(arguments.count == 3)
        command.withUnsafeBytes { bytes in
            #expect((0..<3).map { Array(arguments.bytes($0, in: bytes)) } == [Array("MGET".utf8), [97], [98, 99]])
        }
        #expect(parse(before, from: 0) == before.count)
        #expect(arguments.count == 1)
    }

    @Test func theBeginningOfACommandIsReadAlone() {
        for text in ["*4\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$2\r\nNX\r\n", "SET k v NX\r\n"] {
            var parser = RESPRequestParser()
            var arguments = ArgumentList()
            Array(text.utf8).withUnsafeBytes { bytes in
                parser.parseBeginning(bytes, from: 0, max: 2, into: &arguments)
                #expect(arguments.bytes(1, in: bytes).elementsEqual("k".utf8))
            }
            #expect(arguments.count == (text.hasPrefix("*") ? 2 : 4))
        }
    }
}
