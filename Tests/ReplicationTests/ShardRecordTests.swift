import Foundation
import Model
import Replication
import Testing

@Suite struct ShardRecordTests {
    private let first = Member(id: "a", address: "127.0.0.1:1")
    private let second = Member(id: "b", address: "127.0.0.1:2", boot: "boot-1")

    @Test func valuesSurviveJSON() throws {
        let record = ShardRecord(shard: "s", term: 4, leader: first, session: "x", inSync: [second, first])
        #expect(record.inSync == [first, second])
        let decoded = try JSONDecoder().decode(ShardRecord.self, from: JSONEncoder().encode(record))
        #expect(decoded == record)
        let notice = MemberNotice(
            member: second,
            shard: "s",
            session: "y",
            position: Position(term: 3, sequence: 99),
            observedTerm: 4,
            isCandidate: true,
            durability: .os,
            bootID: "boot-1",
            blocker: "its disk is full"
        )
        let text = try JSONEncoder().encode(notice)
        #expect(try JSONDecoder().decode(MemberNotice.self, from: text) == notice)
        #expect(String(decoding: text, as: UTF8.self).contains("\"3-99\""))
        // Nodes of earlier versions read it under this name.
        #expect(String(decoding: text, as: UTF8.self).contains("\"obstacle\":\"its disk is full\""))
    }

    @Test func damagedPositionIsRefused() {
        let json = """
            {"member": {"id": "a", "address": "x"}, "shard": "s", "session": "y", "position": "12", "observedTerm": 1,
             "isCandidate": false, "durability": "fsync", "bootID": ""}
            """
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(MemberNotice.self, from: Data(json.utf8))
        }
    }

    @Test func aMemberIsItsFolderAndWithOSDurabilityItsBoot() {
        let record = ShardRecord(shard: "s", term: 1, leader: first, session: "x", inSync: [first, second])
        #expect(record.includes(Member(id: "a", address: "elsewhere:9")))
        #expect(!record.includes(Member(id: "b", address: "127.0.0.1:2", boot: "boot-2")))
        #expect(!record.includes(Member(id: "b", address: "127.0.0.1:2")))
    }
}
