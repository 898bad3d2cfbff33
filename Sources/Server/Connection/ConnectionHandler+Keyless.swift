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
        case .command: executeCOMMAND(bytes)
        case .cluster: executeCLUSTER(bytes)
        case .dbsize: executeDBSIZE()
        case .info: executeINFO(bytes)
        case .scan: executeSCAN(bytes)
        case .keys: executeKEYS(bytes)
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
        if index == 0 {
            output.writeRESPOK()
        } else {
            output.writeRESPError("ERR SELECT is not allowed in cluster mode")
        }
    }

    private func executeHELLO(_ bytes: UnsafeRawBufferPointer) {
        var index = 1
        if arguments.count > 1 {
            guard let version = RESPInteger.parse(arguments.bytes(1, in: bytes)), version == 2 || version == 3 else {
                return output.writeRESPError("NOPROTO unsupported protocol version")
            }
            index = 2
            var name: String?
            while index < arguments.count {
                switch word(index, bytes).uppercased() {
                case "SETNAME" where index + 1 < arguments.count:
                    name = word(index + 1, bytes)
                    index += 2
                case "AUTH" where index + 2 < arguments.count:
                    return output.writeRESPError(
                        "ERR AUTH <password> called without any password configured for the default user. "
                            + "Are you sure your configuration is correct?"
                    )
                default: return output.writeRESPError("ERR Syntax error in HELLO option '\(word(index, bytes))'")
                }
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

    private func executeCLIENT(_ bytes: UnsafeRawBufferPointer) {
        switch word(1, bytes).uppercased() {
        case "SETNAME" where arguments.count == 3:
            let name = word(2, bytes)
            guard !name.utf8.contains(where: { $0 <= 32 || $0 > 126 }) else {
                return output.writeRESPError("ERR Client names cannot contain spaces, newlines or special characters.")
            }
            clientName = name
            output.writeRESPOK()
        case "GETNAME" where arguments.count == 2: output.writeRESPBulk(clientName)
        case "SETINFO" where arguments.count == 4: output.writeRESPOK()
        case "ID" where arguments.count == 2: output.writeRESPInteger(Int64(identifier))
        case "INFO" where arguments.count == 2:
            output.writeRESPBulk("id=\(identifier) addr=\(remoteAddress) name=\(clientName) db=0 resp=\(respVersion)\n")
        default:
            output.writeRESPError("ERR unknown subcommand '\(word(1, bytes))'. Try CLIENT HELP.")
        }
    }

    private func executeCONFIG(_ bytes: UnsafeRawBufferPointer) {
        guard word(1, bytes).uppercased() == "GET", arguments.count > 2 else {
            return output.writeRESPError(
                "ERR unknown subcommand '\(word(1, bytes))'. Only CONFIG GET is supported: the settings stand in config.yaml"
            )
        }
        let durability = loop.state.config.durability
        let known = [
            ("save", ""), ("appendonly", "yes"), ("appendfsync", durability == .fsync ? "always" : "no"),
            ("databases", "1"), ("maxmemory", "0"), ("cluster-enabled", "yes"),
            ("proto-max-bulk-len", String(StorageLimits.valueBytesMax)),
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
