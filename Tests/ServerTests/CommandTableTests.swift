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

    @Test(arguments: RESPCommand.allCases)
    func isFoundInAnyCase(command: RESPCommand) {
        #expect(lookup(command.name) == command)
        #expect(lookup(command.name.uppercased()) == command)
        #expect(lookup(command.name.prefix(1).uppercased() + command.name.dropFirst()) == command)
    }

    @Test(arguments: RESPCommand.allCases)
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
        #expect(RESPCommand.get.arity == 2 && RESPCommand.set.arity == -3 && RESPCommand.mset.arity == -3)
        #expect(RESPCommand.mset.firstKey == 1 && RESPCommand.mset.lastKey == -1 && RESPCommand.mset.step == 2)
        #expect(RESPCommand.del.lastKey == -1 && RESPCommand.del.step == 1 && RESPCommand.get.lastKey == 1)
        #expect(RESPCommand.scan.firstKey == 0 && RESPCommand.keys.firstKey == 0 && RESPCommand.ping.step == 0)
    }

    @Test(arguments: RESPCommand.allCases)
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
        let count = RESPCommand.allCases.count
        #expect(reply("COUNT") == ":\(count)|")
        #expect(reply().hasPrefix("*\(count)|*10|"))
        #expect(reply("LIST").hasPrefix("*\(count)|$5|hello|"))
        #expect(reply("DOCS").hasPrefix("*\(count * 2)|$5|hello|*8|$7|summary|"))
        #expect(reply("DOCS", version: 3).hasPrefix("%\(count)|$5|hello|%4|$7|summary|"))
    }

    @Test func docsLeaveOutWhatIsNoCommand() {
        #expect(reply("DOCS", "nope") == "*0|")
        #expect(
            reply("DOCS", "get", "nope")
                == "*2|$3|get|*8|$7|summary|$22|Get the value of a key|$5|since|$5|1.0.0|$5|group|$6|string|"
                + "$10|complexity|$4|O(1)|"
        )
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
