import Console
import Glibc
import Logging

/// Logs into the console's book, for its view of the logs, and into the console's log file as before.
struct LogBookHandler: LogHandler {
    private let book: LogBook
    private var file: StreamLogHandler

    init(book: LogBook, label: String) {
        self.book = book
        file = StreamLogHandler.standardError(label: label)
    }

    var logLevel: Logger.Level {
        get { file.logLevel }
        set { file.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { file.metadata }
        set { file.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { file[metadataKey: key] }
        set { file[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        file.log(event: event)
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let details = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value) " }.joined()
        book.add(
            LogLine(unixSeconds: Int(time(nil)), level: Self.level(event.level), text: details + "\(event.message)")
        )
    }

    private static func level(_ level: Logger.Level) -> LogLine.Level {
        switch level {
        case .trace, .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error, .critical: .error
        }
    }
}
