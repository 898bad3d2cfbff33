import Foundation
import Glibc
import Model
import Testing

extension EndToEndSuite {
    /// What a node is to the system: its streams and signals.
    @Suite struct NodeProcessTests {
        @Test func closedStreamsAreOpenedOnNothing() async throws {
            let cluster = try TestCluster([["lmdb"]])
            let member = cluster.members[0]
            try cluster.spawn(member, shell: "exec \"$@\" 0<&- 1>&- 2>&-")
            try await cluster.waitUntilReady()
            let process = try #require(member.process)
            for descriptor in 0...2 {
                let target = try FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/\(process.pid)/fd/\(descriptor)"
                )
                #expect(target == "/dev/null", "\(descriptor)")
            }
            try await cluster.signalAll(SIGTERM)
        }

        /// Of shells and supervisors it is often 1024, which a few hundred clients and an engine's files reach.
        @Test func itRaisesItsLimitOfOpenFiles() async throws {
            let cluster = try TestCluster([["lmdb"]])
            let member = cluster.members[0]
            try cluster.spawn(member, shell: "ulimit -Sn 256; exec \"$@\"")
            try await cluster.waitUntilReady()
            let process = try #require(member.process)
            let limits = String(decoding: TestFolder.read("/proc/\(process.pid)/limits"), as: UTF8.self)
            let line = try #require(limits.split(separator: "\n").first { $0.hasPrefix("Max open files") })
            let words = line.split(separator: " ")
            let (soft, hard) = (Int(words[3]) ?? 0, Int(words[4]) ?? Int.max)
            #expect(soft == min(hard, 1 << 20), "\(line)")
            try await cluster.signalAll(SIGTERM)
        }

        @Test func itLogsToStandardError() async throws {
            let cluster = try TestCluster([["lmdb"]])
            let member = cluster.members[0]
            let output = "\(cluster.folder.path)/output"
            try cluster.spawn(member, shell: "exec \"$@\" 1>\(output)")
            try await cluster.waitUntilReady()
            try await cluster.signalAll(SIGTERM)
            #expect(TestFolder.read(output).isEmpty)
            #expect(String(decoding: TestFolder.read(cluster.log(of: member)), as: UTF8.self).contains("stopping"))
        }

        @Test func signalsOfOtherProgramsDoNotEndIt() async throws {
            let cluster = try TestCluster([["lmdb"]])
            try await cluster.start()
            let process = try #require(cluster.members[0].process)
            for number in [SIGUSR1, SIGUSR2, SIGALRM, SIGHUP] { process.signal(number) }
            #expect(try await cluster.status(of: cluster.members[0]).state == .running)
            process.signal(SIGTERM)
            #expect(try await process.waitForExit() == .code(0))
        }
    }
}
