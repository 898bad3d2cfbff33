/// Tells lines of other protocols from inline Redis commands.
///
/// Inline commands are lines of words, and so are HTTP, SMTP and many more. A web page, or a service that fetches what it
/// is told to, can make a program send such lines to this port with Redis commands among them, in a body perhaps. So
/// a connection ends at the first line that belongs to another protocol, and nothing of it is executed.
package enum CrossProtocolGuard {
    /// Whether a line that begins with this byte may be an inline command, or empty: names begin with a letter, perhaps
    /// after a quote. Greetings (`220 …`, `+OK`), markup and binary protocols begin otherwise.
    package static func canBegin(with byte: UInt8) -> Bool {
        isLetter(byte) || isQuote(byte) || isBlank(byte) || byte == ASCII.newline
    }

    /// Whether a line belongs to another protocol.
    /// - Parameter line: without its newline; a carriage return at the end may be there. Read only during the call.
    package static func isForeign(line: UnsafeRawBufferPointer) -> Bool {
        var start = 0
        while start < line.count, isBlank(line[start]) { start += 1 }
        guard start < line.count else { return false }
        guard canBegin(with: line[start]) else { return true }
        if isQuote(line[start]) { start += 1 }
        var end = start
        while end < line.count, !isBlank(line[end]), !isQuote(line[end]) {
            // A `:` makes it a header field, a `/` a version or a path. No name of a command has anything of that kind.
            guard isNameByte(line[end]) else { return true }
            end += 1
        }
        let name = lowered(line, start..<end)
        if foreignNames.contains(name) || name.hasPrefix("ssh-") { return true }
        return namesVersion(line, from: end) || isOtherStore(name, line, from: end)
    }

    /// Whether the name of a command that came as an array says that its sender speaks HTTP. These two are what Redis
    /// looks for; other names are more likely to be a mistake, which deserves an answer.
    package static func isForeign(arrayName name: UnsafeRawBufferPointer) -> Bool {
        ASCII.matches(name, "post") || ASCII.matches(name, "host:")
    }

    /// Names that no Redis command has. Methods of HTTP that are also commands (GET, COPY, MOVE, ACL, …) are told by the
    /// version at the end of their line.
    static let foreignNames = Set(
        (httpMethods + mediaMethods + mailCommands + otherNames).split(separator: " ").map(String.init)
    )

    /// RFC 9110, 3253, 3648, 4437, 4791, 4918, 5323, 5789, 5842, 9113, and methods of well-known servers.
    private static let httpMethods =
        "baseline-control bind checkin checkout connect delete head label link lock merge mkactivity mkcalendar mkcol "
        + "mkredirectref mkworkspace options orderpatch patch post pri propfind proppatch put rebind report search "
        + "trace unbind uncheckout unlock update updateredirectref version-control query purge ban track "
        + "notify m-search poll bcopy bdelete bmove bpropfind bproppatch rpc_connect rpc_in_data rpc_out_data "
        + "bits_post ccm_post "

    /// RTSP, SIP, Icecast.
    private static let mediaMethods =
        "describe announce setup play pause teardown get_parameter set_parameter record redirect invite ack bye cancel "
        + "register prack refer message source icy "

    /// SMTP, POP, FTP.
    private static let mailCommands =
        "ehlo helo lhlo mail rcpt data vrfy expn noop starttls bdat xclient user pass apop stls capa retr stor pasv "
        + "epsv cwd "

    /// Proxies, IRC, STOMP, NATS.
    private static let otherNames = "proxy http nick cap join privmsg stomp send pub sub"

    private static let versions: [StaticString] = ["http/", "rtsp/", "sip/", "ice/"]

    /// Whether a word after the name is a protocol's version, as at the end of each HTTP request line.
    private static func namesVersion(_ line: UnsafeRawBufferPointer, from start: Int) -> Bool {
        var at = start
        while at < line.count {
            // Servers take other white space for blanks, too.
            if line[at] > ASCII.space {
                at += 1
                continue
            }
            let word = at + 1
            for version in versions where line.count - word >= version.utf8CodeUnitCount {
                let head = UnsafeRawBufferPointer(rebasing: line[word..<word + version.utf8CodeUnitCount])
                if ASCII.matches(head, version) { return true }
            }
            at += 1
        }
        return false
    }

    /// Lines that begin with the name of a command, but in the grammar of another store: memcached's
    /// `set key flags time bytes`, whose value follows on a line of its own, and curl's greeting of dictionaries.
    private static func isOtherStore(_ name: String, _ line: UnsafeRawBufferPointer, from start: Int) -> Bool {
        let words = line[start...].split(whereSeparator: isBlank)
        switch name {
        case "client": return words.first.map { ASCII.matches(.init(rebasing: $0.prefix(7)), "libcurl") } ?? false
        case "set", "add", "replace", "append", "prepend", "cas":
            return (4...6).contains(words.count) && words[1...3].allSatisfy { $0.allSatisfy { $0 &- 48 < 10 } }
        default: return false
        }
    }

    private static func lowered(_ line: UnsafeRawBufferPointer, _ range: Range<Int>) -> String {
        String(decoding: line[range].map(ASCII.lower), as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 97 < 26 }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        isLetter(byte) || byte &- 48 < 10 || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "|")
    }

    private static func isQuote(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == ASCII.space || byte == ASCII.tab || byte == ASCII.carriageReturn
    }
}
