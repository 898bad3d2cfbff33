import Model
import NIOCore
import Server
import Testing

@Suite struct HTTPDocumentsTests {
    private func text(_ write: (inout ByteBuffer) -> Void) -> String {
        var buffer = ByteBuffer()
        write(&buffer)
        return String(buffer: buffer)
    }

    @Test func replicationRecord() {
        func record(_ key: [UInt8], _ value: [UInt8]?) -> String {
            text { JSONText.writeReplicationRecord(key: key, value: value, position: "1-2", into: &$0) }
        }
        #expect(
            record([0x61, 0x22], [0xC3, 0xA4, 1]) == #"{"key": "a\"", "value": "ä\u0001", "position": "1-2"}"# + "\n"
        )
        #expect(record([0x61], nil) == #"{"key": "a", "value": null, "position": "1-2"}"# + "\n")
        #expect(
            record([0x61, 0x62], [0xFF])
                == #"{"key": "YWI=", "value": "/w==", "position": "1-2", "encoding": "base64"}"# + "\n"
        )
    }

    @Test func listing() {
        func list(_ keys: [[UInt8]], _ hasMore: Bool) -> String {
            text { JSONText.writeListing(keys: keys, hasMore: hasMore, into: &$0) }
        }
        #expect(list([], false) == #"{"keys": [], "cursor": null}"# + "\n")
        #expect(list([[0x61], [0x6B, 0x65, 0x79]], true) == #"{"keys": ["a", "key"], "cursor": "a2V5"}"# + "\n")
        #expect(list([[0xFB, 0xFF]], true) == #"{"keys": ["+/8="], "cursor": "-_8", "encoding": "base64"}"# + "\n")
    }

    /// Every sequence of up to 3 bytes' interesting values agrees with the standard library.
    @Test func validUTF8() {
        let edges: [UInt8] = [
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF,
            0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ]
        for first in edges {
            for second in edges {
                for third in edges {
                    for fourth in [0x41, 0x80, 0xBF, 0xC2] as [UInt8] {
                        let bytes = [first, second, third, fourth]
                        let wanted = String(validating: bytes, as: UTF8.self) != nil
                        #expect(bytes.withUnsafeBytes { JSONText.isUTF8($0) } == wanted, "\(bytes)")
                    }
                }
            }
        }
        #expect(![0xC3 as UInt8].withUnsafeBytes { JSONText.isUTF8($0) })
        #expect(![0xF0 as UInt8, 0x9F, 0x98].withUnsafeBytes { JSONText.isUTF8($0) })
    }

    @Test func metrics() throws {
        var status = NodeStatus(
            cluster: "a\"b\\c\nd",
            shard: "shard0",
            address: "127.0.0.2:8080",
            role: .replica,
            state: .syncing,
            engine: "lmdb",
            durability: "fsync",
            version: "0.1.0"
        )
        status.keys = 12
        status.position = "4-1200"
        status.lag.milliseconds = 1500
        status.latencyMicroseconds.write.p99 = 250
        let labels = #"{cluster="a\"b\\c\nd",shard="shard0",node="127.0.0.2:8080",role="replica""#
        let text = MetricsText.render(status, NodeMetrics.Totals())
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.last == "")
        for sample in [
            "shoal_keys\(labels)} 12", "shoal_commit_term\(labels)} 4", "shoal_commit_sequence\(labels)} 1200",
            "shoal_replication_lag_seconds\(labels)} 1.5", "shoal_node_state\(labels),state=\"syncing\"} 1",
            "shoal_node_state\(labels),state=\"running\"} 0",
            "shoal_latency_seconds\(labels),operation=\"write\",quantile=\"0.99\"} 0.00025",
        ] {
            #expect(lines.contains(Substring(sample)), "\(sample)")
        }
        var typed: Set<Substring> = []
        for line in lines.dropLast() {
            let words = line.split(separator: " ")
            if line.hasPrefix("# TYPE ") {
                #expect(typed.insert(words[2]).inserted, "a family must be declared once")
            } else if !line.hasPrefix("#") {
                #expect(typed.contains(line.prefix { $0 != "{" }), "declared before its samples: \(line)")
                #expect(Double(try #require(words.last)) != nil)
            }
        }
    }
}
