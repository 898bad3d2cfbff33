import NIOCore
import Routing
import Storage

/// Commands without a key: the connection's settings, questions about the node and the cluster, scans.
extension ConnectionHandler {
    func executeKeyless(_ command: RESPCommand, _ bytes: UnsafeRawBufferPointer) {
        switch command {
        case .ping:
            if arguments.count > 2 { return output.writeRESPError("ERR wrong number of arguments for 'ping' command") }
            if arguments.count == 2 {
                output.writeRESPBulk(arguments.bytes(1, in: bytes))
            } else {
                output.writeRESPSimple("PONG")
            }
        case .echo: output.writeRESPBulk(arguments.bytes(1, in: bytes))
        case .select: executeSELECT(bytes)
        case .hello: executeHELLO(bytes)
        case .client: executeCLIENT(bytes)
        case .readonly, .readwrite:
            acceptsReplicaReads = command == .readonly
            output.writeRESPOK()
        case .asking: output.writeRESPOK()
        case .reset:
            respVersion = 2
            acceptsReplicaReads = false
            clientName = ""
            output.writeRESPSimple("RESET")
        case .quit:
            output.writeRESPOK()
            closeAfterReplies()
        case .config: executeCONFIG(bytes)
        case .slowlog: executeSLOWLOG(bytes)
        case .command: executeCOMMAND(bytes)
        case .cluster: executeCLUSTER(bytes)
        case .dbsize: executeDBSIZE()
        case .info: executeINFO(bytes)
        case .scan: executeSCAN(bytes)
        case .keys: executeKEYS(bytes)
        case .wait: executeWAIT(bytes)
        default: output.writeRESPError("ERR '\(command.name)' needs a key")
        }
    }

    func word(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: arguments.bytes(index, in: bytes), as: UTF8.self)
    }

    private func executeSELECT(_ bytes: UnsafeRawBufferPointer) {
        guard let index = RESPInteger.parse(arguments.bytes(1, in: bytes)) else {
            return output.writeRESPError("ERR value is not an integer or out of range")
        }
        guard let index = Int32(exactly: index) else {
            return output.writeRESPError(
                "ERR value is out of range, value must between \(Int32.min) and \(Int32.max)"
            )
        }
        if index == 0 {
            output.writeRESPOK()
        } else {
            output.writeRESPError("ERR SELECT is not allowed in cluster mode")
        }
    }

    private func executeHELLO(_ bytes: UnsafeRawBufferPointer) {
        var index = 1
        if arguments.count > 1 {
            guard let version = RESPInteger.parse(arguments.bytes(1, in: bytes)) else {
                return output.writeRESPError("ERR Protocol version is not an integer or out of range")
            }
            guard version == 2 || version == 3 else {
                return output.writeRESPError("NOPROTO unsupported protocol version")
            }
            index = 2
            var name: String?
            var user: String?
            while index < arguments.count {
                switch word(index, bytes).uppercased() {
                case "SETNAME" where index + 1 < arguments.count:
                    guard isClientName(index + 1, bytes) else { return }
                    name = word(index + 1, bytes)
                    index += 2
                case "AUTH" where index + 2 < arguments.count:
                    user = word(index + 1, bytes)
                    index += 3
                default:
                    let option = text(of: index, in: bytes, max: arguments.bytes(index, in: bytes).count)
                    return output.writeRESPError(
                        bytes: Array("ERR Syntax error in HELLO option '".utf8) + option + Array("'".utf8)
                    )
                }
            }
            // As a Redis without passwords: the default user comes in with any, and there is no other.
            guard user == nil || user == "default" else {
                return output.writeRESPError("WRONGPASS invalid username-password pair or user is disabled.")
            }
            respVersion = Int(version)
            if let name { clientName = name }
        }
        writeServerProperties()
    }

    private func writeServerProperties() {
        output.writeRESPMap(count: 7, version: respVersion)
        for (key, value) in [("server", "redis"), ("version", InfoReply.redisVersion)] {
            output.writeRESPBulk(key)
            output.writeRESPBulk(value)
        }
        output.writeRESPBulk("proto")
        output.writeRESPInteger(Int64(respVersion))
        output.writeRESPBulk("id")
        output.writeRESPInteger(Int64(identifier))
        output.writeRESPBulk("mode")
        output.writeRESPBulk("cluster")
        output.writeRESPBulk("role")
        output.writeRESPBulk(loop.state.isLeader ? "master" : "replica")
        output.writeRESPBulk("modules")
        output.writeRESPArray(count: 0)
    }

    private func isClientName(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> Bool {
        guard arguments.bytes(index, in: bytes).allSatisfy({ $0 > 32 && $0 <= 126 }) else {
            output.writeRESPError("ERR Client names cannot contain spaces, newlines or special characters.")
            return false
        }
        return true
    }

    /// The subcommand in lower case; nil when HELP or an error has been answered.
    func subcommand(of command: RESPCommand, _ bytes: UnsafeRawBufferPointer) -> String? {
        switch command.descriptor.check(word(1, bytes), count: arguments.count) {
        case .known(let name): return name
        case .refused(let text): output.writeRESPError(text)
        case .help:
            var reply: [UInt8] = []
            command.descriptor.appendHelp(to: &reply)
            output.writeBytes(reply)
        }
        return nil
    }

    private func executeCLIENT(_ bytes: UnsafeRawBufferPointer) {
        switch subcommand(of: .client, bytes) {
        case "setname":
            guard isClientName(2, bytes) else { return }
            clientName = word(2, bytes)
            output.writeRESPOK()
        case "getname":
            if clientName.isEmpty {
                output.writeRESPNull(version: respVersion)
            } else {
                output.writeRESPBulk(clientName)
            }
        case "setinfo": output.writeRESPOK()
        case "id": output.writeRESPInteger(Int64(identifier))
        case "info":
            var reply: [UInt8] = []
            reply.appendRESPText(
                "id=\(identifier) addr=\(remoteAddress) name=\(clientName) db=0 resp=\(respVersion)\n",
                version: respVersion
            )
            output.writeBytes(reply)
        default: break
        }
    }

    private func executeCONFIG(_ bytes: UnsafeRawBufferPointer) {
        if ["set", "rewrite", "resetstat"].contains(word(1, bytes).lowercased()) {
            return output.writeRESPError(
                "ERR CONFIG \(word(1, bytes).uppercased()) is not supported: the settings stand in config.yaml"
            )
        }
        guard subcommand(of: .config, bytes) != nil else { return }
        let durability = loop.state.config.durability
        let known = [
            ("save", ""), ("appendonly", "yes"), ("appendfsync", durability == .fsync ? "always" : "no"),
            ("databases", "1"), ("maxmemory", "0"), ("cluster-enabled", "yes"),
            ("proto-max-bulk-len", String(StorageLimits.valueBytesMax)),
            ("slowlog-log-slower-than", String(SlowLog.threshold / 1_000)),
            ("slowlog-max-len", String(SlowLog.entriesMax)),
        ]
        var found: [(String, String)] = []
        for entry in known {
            for index in 2..<arguments.count {
                let pattern = Array(word(index, bytes).lowercased().utf8)
                var name = entry.0
                let isMatch = name.withUTF8 { GlobPattern.matches(pattern[...], UnsafeRawBufferPointer($0)) }
                if isMatch {
                    found.append(entry)
                    break
                }
            }
        }
        output.writeRESPMap(count: found.count, version: respVersion)
        for (name, value) in found {
            output.writeRESPBulk(name)
            output.writeRESPBulk(value)
        }
    }
}
