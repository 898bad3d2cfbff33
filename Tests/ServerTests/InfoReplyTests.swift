import Model
import Server
import Testing

@Suite struct InfoReplyTests {
    private var fields: InfoFields {
        var fields = InfoFields()
        fields.cluster = "demo"
        fields.memoryBytes = 1_912_240
        fields.userSeconds = 0.167266
        fields.keys = 3
        fields.sequence = 9
        return fields
    }

    private func text(_ names: String..., fields: InfoFields? = nil) -> String {
        InfoReply.text(names, fields: fields ?? self.fields)
    }

    @Test func allSectionsComeWithHeaders() {
        let all = text()
        let headers = all.split(separator: "\r\n").filter { $0.hasPrefix("# ") }
        #expect(
            headers == [
                "# Server", "# Clients", "# Memory", "# Stats", "# Replication", "# CPU", "# Cluster", "# Keyspace",
            ]
        )
        #expect(all.hasPrefix("# Server\r\nredis_version:7.0.0\r\nshoal_version:"))
        #expect(all.hasSuffix("\r\n\r\n# Keyspace\r\ndb0:keys=3\r\n"))
        #expect(all == text("everything") && all == text("DEFAULT") && all == text("server", "all"))
        let isWellFormed = all.split(separator: "\r\n").allSatisfy { $0.hasPrefix("# ") || $0.contains(":") }
        #expect(isWellFormed)
    }

    @Test func sectionsAreChosenByName() {
        #expect(text("KEYSPACE") == "# Keyspace\r\ndb0:keys=3\r\n")
        #expect(text("nothing") == "")
        #expect(text("cpu", "clients").hasPrefix("# Clients\r\n"))
        #expect(text("keyspace", fields: InfoFields()) == "# Keyspace\r\n")
    }

    @Test func numbersAreWrittenAsRedisDoes() {
        #expect(text("memory").contains("used_memory:1912240\r\nused_memory_human:1.82M\r\n"))
        #expect(text("memory").contains("used_memory_rss_human:0B\r\n"))
        #expect(text("cpu").contains("used_cpu_user:0.167266\r\n"))
        #expect(text("cpu").contains("used_cpu_sys:0.000000\r\n"))
    }

    @Test func replicationTellsBothRoles() {
        var leader = fields
        let address = NodeAddress(host: "127.0.0.22", port: 8080)
        leader.replicas = [.init(address: address, isOnline: true, sequence: 8, lagSeconds: 0)]
        let replicaLine = "connected_slaves:1\r\nslave0:ip=127.0.0.22,port=8080,state=online,offset=8,lag=0\r\n"
        #expect(text("replication", fields: leader).contains("role:master\r\n" + replicaLine))
        var replica = fields
        replica.isLeader = false
        replica.isLinked = true
        replica.leader = NodeAddress(host: "127.0.0.2", port: 8080)
        let start =
            "# Replication\r\nrole:slave\r\nmaster_host:127.0.0.2\r\nmaster_port:8080\r\nmaster_link_status:up\r\n"
        #expect(text("replication", fields: replica).hasPrefix(start))
    }

    @Test func isVerbatimInRESP3() {
        var bytes: [UInt8] = []
        InfoReply.append(["nothing"], fields: fields, version: 3, to: &bytes)
        InfoReply.append(["nothing"], fields: fields, version: 2, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "=4\r\ntxt:\r\n$0\r\n\r\n")
    }
}
