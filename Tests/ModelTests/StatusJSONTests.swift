import Model
import Testing

@Suite struct StatusJSONTests {
    private func node() -> NodeStatus {
        NodeStatus(
            cluster: "c",
            shard: "s",
            address: "127.0.0.2:8080",
            role: .leader,
            state: .running,
            engine: "lmdb",
            durability: "fsync",
            version: ShoalVersion.current
        )
    }

    @Test func aNodesStatusReadsBackAsItWas() {
        var status = node()
        status.leadership = NodeStatus.Leadership(
            term: 4,
            leader: status.address,
            leaseMilliseconds: 900,
            members: [.init(address: status.address, inSync: true)]
        )
        status.changes = [.init(number: 1, time: 100, gravity: .gain, text: "becomes leader in term 4")]
        status.map = NodeStatus.Map(version: 2, placement: "fixed", slots: ["s": 16_384])
        #expect(StatusJSON.decode(NodeStatus.self, from: StatusJSON.encode(status)) == status)
    }

    /// Documents are compared line by line, and read by people.
    @Test func fieldsAreSortedAndSlashesStayAsTheyAre() {
        let entry = SlowLogDocument.Entry(
            number: 1,
            time: 2,
            microseconds: 3,
            command: "GET a/b",
            count: 1,
            client: "127.0.0.1:5"
        )
        let document = SlowLogDocument(address: "127.0.0.2:8080", thresholdMicroseconds: 10_000, entries: [entry])
        let text = String(decoding: StatusJSON.encode(document), as: UTF8.self)
        #expect(
            text == """
                {"address":"127.0.0.2:8080","entries":[{"client":"127.0.0.1:5","command":"GET a/b","count":1,\
                "microseconds":3,"number":1,"time":2}],"threshold_microseconds":10000}

                """
        )
        #expect(StatusJSON.decode(SlowLogDocument.self, from: Array(text.utf8)) == document)
    }

    /// A cluster without a reshard says so: the contract names the field.
    @Test func noReshardIsNull() {
        let shard = ClusterStatus.Shard(
            name: "s",
            index: 0,
            slots: 16_384,
            keys: 0,
            bytes: 0,
            leader: "127.0.0.2:8080",
            nodes: [node()]
        )
        let status = ClusterStatus(
            cluster: "c",
            mapVersion: 1,
            placement: "fixed",
            coordinator: "local",
            shards: [shard]
        )
        let bytes = StatusJSON.encode(status)
        #expect(String(decoding: bytes, as: UTF8.self).contains("\"reshard\":null"))
        #expect(StatusJSON.decode(ClusterStatus.self, from: bytes) == status)
    }
}
