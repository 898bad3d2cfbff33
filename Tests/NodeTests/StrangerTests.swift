import Foundation
import Logging
import Model
import Node
import Synchronization
import TestSupport
import Testing

/// A node on an empty folder in place of a lost one.
@Suite struct StrangerTests {
    @Test func anEmptyFolderInPlaceOfALostOneSaysWhoCanBecomeLeader() async throws {
        let ground = try NodeGround(host: "127.66.22.1", nodes: 1)
        let first = try ground.node(0)
        try await first.start()
        #expect(try await eventually { first.isLeading })
        let folder = first.configuration.folder
        await first.stop()
        try FileManager.default.moveItem(atPath: folder, toPath: folder + ".lost")
        let lines = LogLines()
        let stranger = try ground.node(0, logger: Logger(label: "test") { _ in LogLines.Handler(lines: lines) })
        try await stranger.start()
        #expect(try await eventually { stranger.status().message.contains("no leader") })
        let message = stranger.status().message
        #expect(message.contains("its data folder is not in the in-sync set of a"))
        #expect(message.contains("\(ground.address(0)) with its former data folder"))
        #expect(message.contains("put back a backup"))
        #expect(try await eventually { lines.all.contains { $0.level == .warning && $0.text.contains("no leader") } })
        await stranger.stop()
        // What it says is true: with the folder back there is a leader.
        try FileManager.default.removeItem(atPath: folder)
        try FileManager.default.moveItem(atPath: folder + ".lost", toPath: folder)
        let again = try ground.node(0)
        try await again.start()
        #expect(try await eventually { again.isLeading })
        #expect(again.status().message.isEmpty)
        await again.stop()
    }
}

/// What was logged.
private final class LogLines: Sendable {
    private let lines = Mutex<[(level: Logger.Level, text: String)]>([])

    var all: [(level: Logger.Level, text: String)] { lines.withLock { $0 } }

    struct Handler: LogHandler {
        let lines: LogLines
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        init(lines: LogLines) { self.lines = lines }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(
            level: Logger.Level,
            message: Logger.Message,
            metadata: Logger.Metadata?,
            source: String,
            file: String,
            function: String,
            line: UInt
        ) {
            let details = (metadata ?? [:]).map { "\($0.key)=\($0.value)" }.joined(separator: " ")
            lines.lines.withLock { $0.append((level, "\(message) \(details)")) }
        }
    }
}
