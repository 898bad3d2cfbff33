import Glibc
import Model
import Server
import Storage
import TestSupport
import Testing

@Suite struct SlowLogTests {
    private let log = SlowLog()

    private func note(_ nanoseconds: UInt64, _ words: String..., count: Int = 1) {
        log.note(nanoseconds: nanoseconds, time: 1_700_000_000, count: count, client: "127.0.0.1:1") {
            words.map { Array($0.utf8) }
        }
    }

    @Test func onlyWhatWasSlowIsKept() {
        note(SlowLog.threshold - 1, "GET", "a")
        #expect(log.entries.isEmpty)
        note(SlowLog.threshold, "KEYS", "*", count: 3)
        #expect(
            log.entries == [
                SlowLog.Entry(
                    number: 1,
                    time: 1_700_000_000,
                    microseconds: 10_000,
                    command: "KEYS *",
                    count: 3,
                    client: "127.0.0.1:1"
                )
            ]
        )
    }

    @Test func theNewestComeFirstAndTheOldestFallOff() {
        for number in 0..<(SlowLog.entriesMax + 5) { note(SlowLog.threshold, "GET", "\(number)") }
        #expect(log.entries.count == SlowLog.entriesMax)
        #expect(log.entries.first?.command == "GET \(SlowLog.entriesMax + 4)")
        #expect(log.entries.last?.number == 6)
    }

    /// Whatever clients send, an entry stays small.
    @Test func longCommandsAreCut() throws {
        note(SlowLog.threshold, "MGET", String(repeating: "k", count: 5_000), "b", "c", "d", "e", "f", "g", "h", "i")
        let command = try #require(log.entries.first?.command)
        #expect(command.hasPrefix("MGET kkk") && command.hasSuffix("g …"))
        #expect(command.utf8.count < 200)
    }

    /// A pass that writes and waits for the store's lock is slow; the log is told by the node itself.
    @Test func aNodeTellsWhatWasSlow() async throws {
        let server = try await ServerFixture()
        let connection = try server.connect()
        var document: SlowLogDocument?
        // The server may come to read only when the lock is free again: then once more.
        for _ in 0..<100 where document?.entries.isEmpty ?? true {
            server.store.lock.lock()
            connection.send("SET slow-key 1\r\n")
            // The slowness itself, not a wait for anything.
            poll(nil, 0, 30)
            server.store.lock.unlock()
            #expect(try connection.receiveText(5) == "+OK\r\n")
            let web = try server.connect()
            web.send(server.http("GET /slowlog", "Connection: close\r\n"))
            let body = try web.receiveAllText().split(separator: "\r\n\r\n", maxSplits: 1).last ?? ""
            document = StatusJSON.decode(SlowLogDocument.self, from: Array(body.utf8))
        }
        let told = try #require(document)
        #expect(told.thresholdMicroseconds == 10_000 && told.address == "\(server.address)")
        let entry = try #require(told.entries.first)
        #expect(entry.command == "SET slow-key 1" && entry.count == 1 && entry.microseconds >= 10_000)
        // The same in the form of Redis: number, time, microseconds, words, client, the client's name. On a full machine
        // there may be others by now.
        let words = "*3\r\n$3\r\nSET\r\n$8\r\nslow-key\r\n$1\r\n1\r\n"
        let client = "$\(entry.client.utf8.count)\r\n\(entry.client)\r\n$0\r\n\r\n"
        let shown = "*6\r\n:\(entry.number)\r\n:\(entry.time)\r\n:\(entry.microseconds)\r\n\(words)\(client)"
        connection.send("SLOWLOG GET -1\r\n")
        #expect(String(decoding: try connection.receiveReply(), as: UTF8.self).contains(shown))
        connection.send("SLOWLOG LEN\r\n")
        let length = String(decoding: try connection.receiveReply(), as: UTF8.self)
        #expect(length.hasPrefix(":") && length != ":0\r\n")
        for (command, answer) in [
            ("SLOWLOG GET 0", "*0"), ("SLOWLOG GET x", "-ERR value is not an integer or out of range"),
            ("SLOWLOG GET -2", "-ERR count should be greater than or equal to -1"), ("SLOWLOG RESET", "+OK"),
            ("SLOWLOG GET 1 2", "-ERR wrong number of arguments for 'slowlog|get' command"),
        ] {
            let answer = "\(answer)\r\n"
            #expect(try server.ask("\(command)\r\n", connection, expecting: answer) == answer, "\(command)")
        }
        connection.send("SLOWLOG GET -1\r\n")
        #expect(!String(decoding: try connection.receiveReply(), as: UTF8.self).contains(shown))
        try await server.stop()
    }
}
