import Server
import Testing

@Suite struct CommandTableTests {
    private func lookup(_ name: String) -> RESPCommand? {
        Array(name.utf8).withUnsafeBytes { RESPCommand.lookup($0) }
    }

    private func reply(_ words: String..., version: Int = 2) -> String {
        var bytes: [UInt8] = []
        CommandTable.append(words.map { Array($0.utf8) }, version: version, to: &bytes)
        return String(decoding: bytes, as: UTF8.self).replacing("\r\n", with: "|")
    }

    @Test(arguments: RESPCommand.all)
    func isFoundInAnyCase(command: RESPCommand) {
        #expect(lookup(command.name) == command)
        #expect(lookup(command.name.uppercased()) == command)
        #expect(lookup(command.name.prefix(1).uppercased() + command.name.dropFirst()) == command)
    }

    @Test(arguments: RESPCommand.all)
    func nothingSimilarIsFound(command: RESPCommand) {
        let name = Array(command.name.utf8)
        for index in name.indices {
            for bit in 0..<8 where bit != 5 {
                var other = name
                other[index] ^= 1 << UInt8(bit)
                let found = other.withUnsafeBytes { RESPCommand.lookup($0) }
                #expect(found == nil || found?.name == String(decoding: other, as: UTF8.self).lowercased())
            }
        }
        #expect(lookup(command.name + "x") == nil)
        #expect(lookup(String(command.name.dropLast())).map { $0.name == command.name.dropLast() } ?? true)
    }

    @Test func namesOfOtherKindsAreNotFound() {
        for name in ["", "g", "ge", "g\u{0}t", "readwritx", "a very long name indeed", "waiu", "waitaof", "gét"] {
            #expect(lookup(name) == nil)
        }
    }

    @Test func keysAndArityAreThoseOfRedis() {
        #expect(lookup("get")?.arity == 2 && lookup("set")?.arity == -3 && lookup("mset")?.arity == -3)
        #expect(lookup("mset")?.firstKey == 1 && lookup("mset")?.lastKey == -1 && lookup("mset")?.step == 2)
        #expect(lookup("del")?.lastKey == -1 && lookup("del")?.step == 1 && lookup("get")?.lastKey == 1)
        #expect(lookup("scan")?.firstKey == 0 && lookup("keys")?.firstKey == 0 && lookup("ping")?.step == 0)
    }

    @Test(arguments: RESPCommand.all)
    func flagsAgreeWithTheDispatcher(command: RESPCommand) {
        let reply = reply("INFO", command.name)
        #expect(reply.hasPrefix("*1|*10|$\(command.name.utf8.count)|\(command.name)|:\(command.arity)|"))
        #expect(reply.contains("+write|") == command.isWrite)
        #expect(!(reply.contains("+readonly|") && command.isWrite))
        #expect(reply.contains("begin_search") == (command.firstKey > 0))
    }

    /// Recorded from Redis 7.0.15.
    @Test func infoIsAsRedisWritesIt() {
        #expect(
            reply("INFO", "get", "nope")
                == "*2|*10|$3|get|:2|*2|+readonly|+fast|:1|:1|:1|*3|+@read|+@string|+@fast|*0|*1|*6|$5|flags|*2|+RO|"
                + "+access|$12|begin_search|*4|$4|type|$5|index|$4|spec|*2|$5|index|:1|$9|find_keys|*4|$4|type|$5|"
                + "range|$4|spec|*6|$7|lastkey|:0|$7|keystep|:1|$5|limit|:0|*0|*-1|"
        )
        #expect(
            reply("info", "MSET", version: 3)
                == "*1|*10|$4|mset|:-3|~2|+write|+denyoom|:1|:-1|:2|~3|+@write|+@string|+@slow|~2|"
                + "$26|request_policy:multi_shard|$29|response_policy:all_succeeded|~1|%3|$5|flags|~2|+OW|+update|"
                + "$12|begin_search|%2|$4|type|$5|index|$4|spec|%1|$5|index|:1|$9|find_keys|%2|$4|type|$5|range|$4|"
                + "spec|%3|$7|lastkey|:-1|$7|keystep|:2|$5|limit|:0|~0|"
        )
    }

    @Test func countListAndAllAgree() {
        let count = RESPCommand.all.count
        #expect(reply("COUNT") == ":\(count)|")
        #expect(reply().hasPrefix("*\(count)|*10|"))
        #expect(reply("LIST").hasPrefix("*\(count)|$5|hello|"))
        #expect(reply("DOCS").hasPrefix("*\(count * 2)|$5|hello|*10|$7|summary|"))
        #expect(reply("DOCS", version: 3).hasPrefix("%\(count)|$5|hello|%5|$7|summary|"))
    }

    @Test func docsLeaveOutWhatIsNoCommand() {
        #expect(reply("DOCS", "nope") == "*0|")
        #expect(
            reply("DOCS", "get", "nope")
                == "*2|$3|get|*10|$7|summary|$22|Get the value of a key|$5|since|$5|1.0.0|$5|group|$6|string|"
                + "$10|complexity|$4|O(1)|$9|arguments|*1|*6|$4|name|$3|key|$4|type|$3|key|$14|key_spec_index|:0|"
        )
    }

    /// Recorded from Redis 7.0.15.
    @Test func docsTellTheArguments() {
        #expect(
            reply("DOCS", "hello").hasSuffix(
                "|$9|arguments|*1|*8|$4|name|$9|arguments|$4|type|$5|block|$5|flags|*1|+optional|$9|arguments|*3|*4|$4|"
                    + "name|$8|protover|$4|type|$7|integer|*10|$4|name|$17|username_password|$4|type|$5|block|$5|token|"
                    + "$4|AUTH|$5|flags|*1|+optional|$9|arguments|*2|*4|$4|name|$8|username|$4|type|$6|string|*4|$4|"
                    + "name|$8|password|$4|type|$6|string|*8|$4|name|$10|clientname|$4|type|$6|string|$5|token|$7|"
                    + "SETNAME|$5|flags|*1|+optional|"
            )
        )
        #expect(
            reply("DOCS", "mset").hasSuffix(
                "|$9|arguments|*1|*8|$4|name|$9|key_value|$4|type|$5|block|$5|flags|*1|+multiple|$9|arguments|*2|*6|$4|"
                    + "name|$3|key|$4|type|$3|key|$14|key_spec_index|:0|*4|$4|name|$5|value|$4|type|$6|string|"
            )
        )
        #expect(
            reply("DOCS", "mget", version: 3).hasSuffix(
                "|$9|arguments|*1|%4|$4|name|$3|key|$4|type|$3|key|$14|key_spec_index|:0|$5|flags|~1|+multiple|"
            )
        )
        #expect(
            reply("DOCS", "set").contains(
                "|*10|$4|name|$9|condition|$4|type|$5|oneof|$5|since|$6|2.6.12|$5|flags|*1|+optional|$9|arguments|*2|"
                    + "*6|$4|name|$2|nx|$4|type|$10|pure-token|$5|token|$2|NX|*6|$4|name|$2|xx|$4|type|$10|pure-token|"
                    + "$5|token|$2|XX|*10|$4|name|$3|get|$4|type|$10|pure-token|$5|token|$3|GET|$5|since|$5|6.2.0|"
                    + "$5|flags|*1|+optional|"
            )
        )
        #expect(reply("DOCS", "dbsize").hasPrefix("*2|$6|dbsize|*8|"))
    }

    @Test func theListCanBeFiltered() {
        #expect(reply("LIST", "FILTERBY", "PATTERN", "GE?") == "*1|$3|get|")
        #expect(reply("list", "filterby", "aclcat", "Dangerous") == "*2|$4|keys|$4|info|")
        #expect(reply("LIST", "FILTERBY", "ACLCAT", "nope") == "*0|")
        #expect(reply("LIST", "FILTERBY", "MODULE", "any") == "*0|")
        for wrong in [["x"], ["FILTERBY"], ["FILTERBY", "ACLCAT"], ["FILTERBY", "NAME", "x"]] {
            var bytes: [UInt8] = []
            CommandTable.append((["LIST"] + wrong).map { Array($0.utf8) }, version: 2, to: &bytes)
            #expect(String(decoding: bytes, as: UTF8.self) == "-ERR syntax error\r\n", "\(wrong)")
        }
    }

    /// One place for each command: nothing is told of one and not known of the other.
    @Test func eachCommandHasOneDescriptor() {
        let names = CommandRegistry.descriptors.map(\.name)
        #expect(Set(names).count == names.count && names.count < 256)
        for descriptor in CommandRegistry.descriptors {
            #expect(
                descriptor.arguments.contains { $0.kind == .key || $0.parts.contains { $0.kind == .key } }
                    == (descriptor.keys != nil),
                "\(descriptor.name)"
            )
            #expect(descriptor.name == descriptor.name.lowercased() && !descriptor.summary.isEmpty)
        }
    }

    @Test func keysOfACommand() {
        #expect(reply("GETKEYS", "mset", "a", "1", "b", "2") == "*2|$1|a|$1|b|")
        #expect(reply("GETKEYS", "get", "a") == "*1|$1|a|")
        #expect(reply("GETKEYS", "ping", "a") == "-ERR The command has no key arguments|")
        #expect(reply("GETKEYS", "nope", "a") == "-ERR Invalid command specified|")
        #expect(reply("GETKEYS", "get", "a", "b") == "-ERR Invalid number of arguments specified for command|")
        #expect(reply("GETKEYS", "get") == "-ERR wrong number of arguments for 'command|getkeys' command|")
    }

    @Test func wrongSubcommandsAreRefusedOnOneLine() {
        #expect(reply("no\r\npe") == "-ERR unknown subcommand 'no  pe'. Try COMMAND HELP.|")
        #expect(reply("COUNT", "x") == "-ERR wrong number of arguments for 'command|count' command|")
    }
}
