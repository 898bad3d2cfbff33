import Foundation
import Glibc
import Model
import Server
import TestSupport
import Testing

extension EndToEndSuite.Faults {
    /// A coordinator that forgets: what it begins anew is another history, which nobody goes on with.
    @Suite struct EtcdHistoryTests {
        private static func put(_ keys: ClosedRange<Int>, at node: NodeAddress) async throws {
            let client = try await RESPClient.connect(to: node)
            for number in keys {
                let reply = try await client.command([Array("SET".utf8), Array("key\(number)".utf8), Array("v".utf8)])
                guard reply == .simple("OK") else { throw TestFailure("SET: \(reply)") }
            }
            await client.close()
        }

        /// The leader and etcd lose their disks, the replica goes on running. A leader with nothing begins the shard anew: the
        /// replica neither follows it nor is followed, and says why.
        @Test func anEmptyEtcdDoesNotMixTwoHistories() async throws {
            var options = TestCluster.Options()
            let etcd = try await TestEtcd(members: 1)
            options.etcd = etcd
            let cluster = try await Faults.cluster([["lmdb", "lmdb"]], options)
            let (leader, replica) = (cluster.members[0], cluster.members[1])
            try await Self.put(1...50, at: leader.address)
            #expect(try await Poll.until { try await cluster.status(of: replica).keys == 50 })
            etcd.kill(0)
            try await cluster.kill(leader)
            for folder in ["\(etcd.folder.path)/m0", leader.folder] {
                _ = try ChildProcess.runBlocking(["rm", "-r", folder])
            }
            try etcd.start(0)
            try await etcd.waitUntilReady(0)
            try cluster.spawn(leader)
            #expect(try await cluster.leader(of: 0).address == leader.address)
            // More than the replica has: by its numbers alone it could go on from there.
            try await Self.put(101...200, at: leader.address)
            let told = try await cluster.expectTrouble(.coordinatorChanged, of: replica, within: .seconds(30))
            print("an empty etcd is told of within \(told)")
            let status = try await cluster.status(of: replica)
            #expect(status.keys == 50, "\(status)")
            let members = try await cluster.status(of: leader).leadership?.members ?? []
            #expect(!members.contains { $0.address == "\(replica.address)" && $0.inSync }, "\(members)")
            let doctor = try await ShoalBinary.run("doctor", config: cluster.configFile)
            #expect(doctor.exit == .code(1) && doctor.text.contains("delete no data folder"), "\(doctor.text)")
            // What is acknowledged in the old history is there, in the folder that has it.
            try await cluster.stop(replica)
            try cluster.spawn(replica)
            let exit = try await #require(replica.process).waitForExit(within: .seconds(30))
            #expect(exit == .code(1), "\(exit)")
            let said = String(decoding: TestFolder.read(cluster.log(of: replica)), as: UTF8.self)
            #expect(said.contains("two coordinators must not share a shard"), "\(said)")
            #expect(try await cluster.status(of: leader).keys == 100)
            try await cluster.signalAll(SIGTERM)
        }

        /// etcd alone loses its disk, under a cluster that runs: nobody serves on by it, nothing is lost, and its backup mends it.
        @Test func etcdsBackupMendsWhatItForgot() async throws {
            var options = TestCluster.Options()
            let etcd = try await TestEtcd(members: 1)
            options.etcd = etcd
            let cluster = try await Faults.cluster([["lmdb", "rocksdb"]], options)
            let leader = cluster.members[0]
            try await Self.put(1...50, at: leader.address)
            etcd.kill(0)
            let folder = "\(etcd.folder.path)/m0"
            _ = try ChildProcess.runBlocking(["mv", folder, "\(folder).kept"])
            try etcd.start(0)
            try await etcd.waitUntilReady(0)
            for member in cluster.members {
                try await cluster.expectTrouble(.coordinatorChanged, of: member, within: .seconds(30))
            }
            etcd.kill(0)
            _ = try ChildProcess.runBlocking(["rm", "-r", folder])
            _ = try ChildProcess.runBlocking(["mv", "\(folder).kept", folder])
            try etcd.start(0)
            try await etcd.waitUntilReady(0)
            try await cluster.waitUntilInSync()
            try await cluster.expectHealthy()
            let new = try await cluster.leader(of: 0)
            try await Self.put(51...60, at: new.address)
            #expect(try await cluster.status(of: new).keys == 60)
            try await cluster.signalAll(SIGTERM)
        }

        /// etcd with an old state, in which the sessions of today still stand: nobody decides by it before a person has looked.
        @Test func anOldBackupOfEtcdIsNotGoneOnWith() async throws {
            var options = TestCluster.Options()
            let etcd = try await TestEtcd(members: 1)
            options.etcd = etcd
            let cluster = try await Faults.cluster([["lmdb", "rocksdb"]], options)
            let folder = "\(etcd.folder.path)/m0"
            etcd.kill(0)
            _ = try ChildProcess.runBlocking(["cp", "-r", folder, "\(folder).old"])
            try etcd.start(0)
            try await etcd.waitUntilReady(0)
            try await cluster.waitUntilInSync()
            let switchover = try await ShoalBinary.run(["switchover", "shard0"], config: cluster.configFile)
            #expect(switchover.exit == .code(0), "\(switchover.text) \(switchover.errors)")
            let leader = try await cluster.leader(of: 0)
            try await Self.put(1...50, at: leader.address)
            etcd.kill(0)
            _ = try ChildProcess.runBlocking(["rm", "-r", folder])
            _ = try ChildProcess.runBlocking(["mv", "\(folder).old", folder])
            try etcd.start(0)
            try await etcd.waitUntilReady(0)
            for member in cluster.members {
                let told = try await cluster.expectTrouble(.coordinatorChanged, of: member, within: .seconds(30))
                print("an etcd that went back is told of within \(told)")
            }
            // The person has looked: the last leader has everything.
            for member in [leader] + cluster.members.filter({ $0 !== leader }) {
                try await cluster.stop(member)
                try cluster.spawn(member)
            }
            try await cluster.waitUntilInSync()
            try await cluster.expectHealthy()
            #expect(try await cluster.status(of: cluster.leader(of: 0)).keys == 50)
            try await cluster.signalAll(SIGTERM)
        }
    }
}
