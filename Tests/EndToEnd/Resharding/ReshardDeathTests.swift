import FoundationEssentials
import Glibc
import Model
import NIOCore
import Resharding
import Routing
import Server
import TestSupport
import Testing

extension EndToEndSuite.Reshards {
    /// What happens to whom, and where.
    struct Death: Sendable, CustomStringConvertible {
        enum Kind: Sendable {
            /// SIGKILL of the node at the step; it is started again.
            case killed
            /// It stands still at the step until its lease is long over, and goes on then.
            case asleep
            /// The coordinator loses a member while the node stands at the step for a moment.
            case etcdMember
        }

        var step: String
        var kind = Kind.killed
        /// Whether each shard has a replica, which takes over.
        var replicas = false
        /// The job is cancelled while the node is away.
        var isCancelled = false

        var isSource: Bool { !step.hasPrefix("target.") }

        var description: String {
            "\(step) \(kind)\(replicas ? ", with replicas" : "")\(isCancelled ? ", cancelled" : "")"
        }
    }

    static let targetSteps = [
        "target.hello", "target.clear", "target.import", "target.import:4", "target.imported", "target.ask",
        "target.jump", "target.jumped", "target.confirmed", "target.own:2", "target.owned:2",
    ]
    static let sourceSteps = [
        "source.accept", "source.chunk", "source.chunk:3", "source.log", "source.hold", "source.disowned",
        "source.final", "source.propose", "source.proposed", "leftovers.clear", "leftovers.cleared", "job.end",
        "job.ended",
    ]
    /// Between the hold and the map's answer, which is where two owners could come from.
    static let delicate = [
        "source.hold", "source.disowned", "source.final", "source.propose", "source.proposed", "target.jumped",
        "target.confirmed", "target.own:2",
    ]

    static let deaths: [Death] = {
        guard isLong else {
            return [
                Death(step: "source.proposed"), Death(step: "target.jumped", replicas: true),
                Death(step: "source.disowned", kind: .asleep, replicas: true),
                Death(step: "target.jumped", isCancelled: true), Death(step: "target.confirmed", isCancelled: true),
            ]
        }
        return (targetSteps + sourceSteps).map { Death(step: $0) }
            + delicate.map { Death(step: $0, replicas: true) }
            + delicate.map { Death(step: $0, kind: .asleep, replicas: true) }
            + ["source.disowned", "source.propose", "target.confirmed"].map { Death(step: $0, kind: .asleep) }
            + ["source.chunk:2", "source.propose", "target.own:2", "job.end"].map {
                Death(step: $0, kind: .etcdMember)
            }
            + ["source.chunk:2", "source.hold", "source.propose", "target.jumped", "target.confirmed"].map {
                Death(step: $0, isCancelled: true)
            }
    }()
}

extension EndToEndSuite {
    /// Issue 4, line 5: whoever dies at whatever step, a reshard ends complete or rolled back, and nobody's data is lost.
    @Suite(.serialized) struct ReshardDeathTests {
        @Test(arguments: Reshards.deaths) func everySlotHasOneOwner(after death: Reshards.Death) async throws {
            let engines = death.replicas ? [["lmdb", "rocksdb"], ["rocksdb", "lmdb"]] : [["lmdb"], ["rocksdb"]]
            let options = try await Faults.options(death.kind == .etcdMember ? .etcd : .local)
            let cluster = try TestCluster(engines, options: options)
            // Whoever leads a shard when it begins to move: the first member, on a fresh folder.
            for member in cluster.members {
                let isVictim = death.isSource && member.shard == "shard0" && !member.isReplica
                try cluster.spawn(member, environment: isVictim ? death.environment : [:])
            }
            try await cluster.waitUntilReady()
            try await cluster.waitUntilInSync()
            try await cluster.fill(keys: 3_000, valueBytes: 700)
            let load = try AuditLoad(cluster, patience: .seconds(10))
            let running = Task { await load.run(asksMembers: false) }
            try #require(try await Poll.until { load.acknowledged > 100 }, "nobody writes")
            let new = try cluster.add(death.replicas ? ["rocksdb", "lmdb"] : ["rocksdb"])
            for member in new {
                let isVictim = !death.isSource && !member.isReplica
                try cluster.spawn(member, environment: isVictim ? death.environment : [:])
            }
            try await cluster.waitUntilReady()
            try await cluster.waitUntilInSync()
            let name = "\(new[0].shard)=\(new.map { "\($0.address)" }.joined(separator: ","))"
            let config = cluster.configFile
            let command = Task { try await Self.reshard(["run", "--add", name], config) }
            let victim = death.isSource ? cluster.members[0] : new[0]
            try await die(victim, death, cluster)
            let ran = try await command.value
            if death.isCancelled {
                #expect(ran.exit != .code(0), "\(ran.text) \(ran.errors)")
            } else {
                #expect(ran.exit == .code(0), "\(ran.text) \(ran.errors)")
            }
            let job = try await cluster.reshardStatus()
            #expect(job.state == (death.isCancelled ? .cancelled : .done))
            if !death.isCancelled { #expect(job.slotsMoved == job.slotsTotal) }
            let before = load.acknowledged
            #expect(try await Poll.until { load.acknowledged > before + 100 }, "nobody writes any more")
            load.alsoExpect([], ignoring: ["fill"])
            try await Faults.judge(load, running, cluster, "\(death)")
            try await cluster.expectNoOrphans(filled: 3_000)
            try await cluster.signalAll(SIGTERM)
        }

        private static func reshard(_ words: [String], _ config: String) async throws -> ChildProcess.Finished {
            try await ShoalBinary.run(["reshard"] + words, config: config, within: .seconds(180))
        }

        /// Waits until the node has come to the step and does to it what was asked.
        private func die(_ victim: TestCluster.Member, _ death: Reshards.Death, _ cluster: TestCluster) async throws {
            let process = try #require(victim.process)
            switch death.kind {
            case .killed:
                let exit = try await process.waitForExit(within: .seconds(60))
                try #require(exit == .signal(SIGKILL), "the node never came to \(death.step): \(exit)")
            case .asleep, .etcdMember:
                try #require(try await process.standsStill(within: .seconds(60)), "it never came to \(death.step)")
            }
            if death.isCancelled {
                // With a leader away nobody may be able to end the job yet: the command waits for that.
                let config = cluster.configFile
                let cancel = Task { try await Self.reshard(["cancel"], config) }
                let isTold = try await Poll.until {
                    let state = try await cluster.reshardStatus().state
                    return state == .cancelling || state == .cancelled
                }
                #expect(isTold, "the job is not cancelled")
                try cluster.spawn(victim)
                let cancelled = try await cancel.value
                #expect(cancelled.exit == .code(0), "\(cancelled.text) \(cancelled.errors)")
                return
            }
            switch death.kind {
            case .killed:
                if death.replicas { try await expectAnotherLeader(than: victim, cluster) }
                try cluster.spawn(victim)
            case .asleep:
                if death.replicas {
                    try await expectAnotherLeader(than: victim, cluster)
                } else {
                    // Nothing is waited for: that it sleeps for so long is what is tested.
                    try await Task.sleep(for: .seconds(2 * (cluster.options.leaseSeconds ?? 3)))
                }
                process.signal(SIGCONT)
            case .etcdMember:
                cluster.options.etcd?.kill(0)
                process.signal(SIGCONT)
            }
        }

        private func expectAnotherLeader(than victim: TestCluster.Member, _ cluster: TestCluster) async throws {
            let others = cluster.members.filter { $0.shard == victim.shard && $0 !== victim }
            let isReplaced = try await Poll.until(within: .seconds(30)) {
                if try await holdsTheLock(victim, cluster) { return true }
                for other in others where try await cluster.status(of: other).role == .leader { return true }
                return false
            }
            #expect(isReplaced, "nobody takes over from \(victim.address)")
        }

        /// Whether it was stopped in the middle of a change of the local coordinator: then nobody leads until it goes on, as
        /// docs/coordination.md says, and the others name it.
        private func holdsTheLock(_ victim: TestCluster.Member, _ cluster: TestCluster) async throws -> Bool {
            guard let process = victim.process else { return false }
            let words = "process \(process.pid) holds it and is stopped"
            let said = cluster.members.contains { member in
                String(decoding: TestFolder.read(cluster.log(of: member)), as: UTF8.self).contains(words)
            }
            if said { print("\(victim.address) was stopped while it held the coordinator's lock") }
            return said
        }
    }
}

extension EndToEndSuite.Reshards.Death {
    var environment: [String: String] {
        ["SHOAL_FAILPOINT": step + (kind == .killed ? "=kill" : "=stop")]
    }
}
