import FoundationEssentials
import Glibc
import Model
import NIOCore
import Resharding
import Routing
import Server
import TestSupport
import Testing

extension EndToEndSuite {
    /// Issue 4, line 6 and the way back: moves that are not like the others.
    @Suite(.serialized) struct ReshardEdgeTests {
        private func run(_ words: [String], _ cluster: TestCluster) async throws {
            let ran = try await ShoalBinary.run(
                ["reshard", "run"] + words,
                config: cluster.configFile,
                within: .seconds(120)
            )
            #expect(ran.exit == .code(0), "\(words): \(ran.text) \(ran.errors)")
        }

        private func load(on cluster: TestCluster) async throws -> (AuditLoad, Task<Void, Never>) {
            let load = try AuditLoad(cluster, patience: .seconds(10))
            let running = Task { await load.run(asksMembers: false) }
            try #require(try await Poll.until { load.acknowledged > 100 }, "nobody writes")
            return (load, running)
        }

        /// The same slots, the first and the last among them, with writes in between: what was left over or cleared the
        /// time before must neither come back nor be missed.
        @Test(arguments: [["lmdb", "rocksdb"], ["rocksdb", "lmdb"]]) func thereAndBackAndThereAgain(engines: [String])
            async throws
        {
            let cluster = try TestCluster([engines, engines], options: .patient)
            try await cluster.start()
            try await cluster.waitUntilInSync()
            let (load, running) = try await load(on: cluster)
            for target in ["shard1", "shard0", "shard1", "shard0", "shard1"] {
                let before = load.acknowledged
                try await run(["--move", "0-4000,16383=\(target)"], cluster)
                #expect(try await Poll.until { load.acknowledged > before + 200 }, "nobody writes any more")
            }
            #expect(load.troubles.isEmpty, "\(load.troubles)\n\(cluster.chronicle)")
            try await Faults.judge(load, running, cluster, "0-4000 and 16383 there and back, \(engines[0])")
            try await cluster.expectNoOrphans(filled: 0)
            #expect(try await cluster.status().shards.map(\.slots) == [8192 - 4001, 8192 + 4001])
            try await cluster.signalAll(SIGTERM)
        }

        /// All keys have one hash tag: a slot is not divided, so it moves as a whole, however large.
        @Test(arguments: ["lmdb", "rocksdb"]) func oneHugeSlotMoves(engine: String) async throws {
            let cluster = try TestCluster([[engine], [engine]], options: .patient)
            try await cluster.start()
            try await cluster.waitUntilInSync()
            let keys = Reshards.isLong ? 60_000 : 10_000
            try await cluster.fill(keys: keys, valueBytes: 2_000, tag: "{huge}")
            let (load, running) = try await load(on: cluster)
            let slot = PackageList.slot(of: Array("{huge}".utf8))
            let target = Int(try cluster.slotMap().owner(of: slot)) == 0 ? "shard1" : "shard0"
            try await run(["--move", "\(slot)=\(target)"], cluster)
            #expect(load.troubles.isEmpty, "\(load.troubles)\n\(cluster.chronicle)")
            load.alsoExpect([], ignoring: ["fill"])
            try await Faults.judge(load, running, cluster, "one slot of \((keys * 2_000) >> 20) MiB, \(engine)")
            try await cluster.expectNoOrphans(filled: keys)
            try await cluster.signalAll(SIGTERM)
        }

        /// RocksDB has taken the first table files over when the target dies: contents and counts are ahead of the position,
        /// and what the log repeats must change neither.
        @Test func aTargetDiesBetweenTableFiles() async throws {
            let cluster = try TestCluster([["rocksdb"]], options: .patient)
            try await cluster.start()
            let keys = 12_000
            try await cluster.fill(keys: keys, valueBytes: 2_000, tag: "{huge}")
            let (load, running) = try await load(on: cluster)
            let new = try cluster.add(["rocksdb"])[0]
            // Behind half of the chunks; the rate leaves the applier, which begins after 2 s, time for a file before.
            try cluster.spawn(new, environment: ["SHOAL_FAILPOINT": "target.imported:60=kill"])
            try await cluster.waitUntilReady()
            let files = "\(new.folder)/engine/ingest"
            let untouched = try modified(files)
            let slot = PackageList.slot(of: Array("{huge}".utf8))
            let words = ["--add", "\(new.shard)=\(new.address)", "--move", "\(slot)=\(new.shard)", "--rate", "4"]
            let config = cluster.configFile
            let moving = Task {
                try await ShoalBinary.run(["reshard", "run"] + words, config: config, within: .seconds(120))
            }
            let process = try #require(new.process)
            #expect(try await process.waitForExit(within: .seconds(60)) == .signal(SIGKILL))
            #expect(try modified(files) != untouched, "it made no table file before it died")
            try cluster.spawn(new)
            let ran = try await moving.value
            #expect(ran.exit == .code(0), "\(ran.text) \(ran.errors)")
            #expect(load.troubles.isEmpty, "\(load.troubles)\n\(cluster.chronicle)")
            load.alsoExpect([], ignoring: ["fill"])
            try await Faults.judge(load, running, cluster, "a target that dies between table files")
            try await cluster.expectNoOrphans(filled: keys)
            try await cluster.signalAll(SIGTERM)
        }

        private func modified(_ path: String) throws -> Int {
            var found = stat()
            guard stat(path, &found) == 0 else { throw TestFailure("can't look at \(path): errno \(errno)") }
            return found.st_mtim.tv_sec * 1_000_000_000 + found.st_mtim.tv_nsec
        }

        /// Nothing to copy, and all the steps.
        @Test func emptyShardsMove() async throws {
            let cluster = try TestCluster([["lmdb"], ["rocksdb"]])
            try await cluster.start()
            let added = try await cluster.startShards([["lmdb"], ["rocksdb"]])
            try await run(added.flatMap { ["--add", $0] }, cluster)
            try await run(["--remove", "shard0", "--remove", "shard2"], cluster)
            #expect(try await cluster.status().shards.map(\.slots) == [8192, 8192])
            let doctor = try await ShoalBinary.run("doctor", config: cluster.configFile)
            #expect(doctor.exit == .code(0), "\(doctor.text) \(doctor.errors)")
            try await cluster.signalAll(SIGTERM)
        }

        /// A target without room says so and takes nothing over; with room, it goes on by itself. The other way out is
        /// to cancel.
        @Test(.enabled(if: SmallDisk.isPermitted), arguments: [false, true]) func fullTargetLosesNothing(
            isCancelled: Bool
        )
            async throws
        {
            let cluster = try TestCluster([["rocksdb"]], options: .patient)
            try await cluster.start()
            try await cluster.fill(keys: 30_000, valueBytes: 4_000)
            let (load, running) = try await load(on: cluster)
            let disk = try SmallDisk(mebibytes: 900)
            // What another program has on the disk, and gives back later: until then there is room for the first two
            // segments of a log, and hardly more.
            let ballast = "\(disk.path)/ballast"
            _ = try ChildProcess.runBlocking(["fallocate", "-l", "\(760 << 20)", ballast])
            let new = try cluster.add(["lmdb"])[0]
            new.folder = "\(disk.path)/data"
            try cluster.spawn(new)
            try await cluster.waitUntilReady()
            let config = cluster.configFile
            let words = ["reshard", "run", "--add", "\(new.shard)=\(new.address)", "--move", "0-16383=\(new.shard)"]
            let command = Task { try await ShoalBinary.run(words, config: config, within: .seconds(180)) }
            var said = ""
            let isFull = try await Poll.until(within: .seconds(60)) {
                // Its log is full, or its engine: who notices first says so.
                said = (try? await cluster.reshardStatus())?.nodes.map(\.target.message).joined() ?? ""
                said += (try? await cluster.status(of: new))?.message ?? ""
                return said.contains("space left") || said.contains("full")
            }
            #expect(isFull, "it does not say that its disk is full: \(said)")
            if isCancelled {
                let cancelled = try await cluster.reshard("cancel")
                #expect(cancelled.exit == .code(0), "\(cancelled.text) \(cancelled.errors)")
            }
            #expect(unlink(ballast) == 0)
            let ran = try await command.value
            #expect((ran.exit == .code(0)) == !isCancelled, "\(ran.text) \(ran.errors)")
            #expect(load.troubles.isEmpty, "\(load.troubles)\n\(cluster.chronicle)")
            load.alsoExpect([], ignoring: ["fill"])
            try await Faults.judge(load, running, cluster, "a full target\(isCancelled ? ", cancelled" : "")")
            try await cluster.expectNoOrphans(filled: 30_000)
            try await cluster.signalAll(SIGTERM)
        }

        /// What is refused is refused before anything is changed, and says why.
        @Test func whatCanNotWorkIsNotBegun() async throws {
            let cluster = try TestCluster([["lmdb"], ["rocksdb"]])
            try await cluster.start()
            let other = try TestCluster([["lmdb"], ["lmdb"], ["lmdb"]])
            let name = other.configFile
            let text = String(decoding: TestFolder.read(name), as: UTF8.self)
            _ = try other.folder.write(text.replacing("Name: e2e", with: "Name: foreign"), to: "config.yaml")
            try await other.start()
            let stranger = "shard2=\(other.members[2].address)"
            let before = try await cluster.status()
            for (words, why) in [
                (["--add", stranger], "belongs to cluster foreign"), (["--add", "shard2=127.9.9.9:1"], "does not run"),
                (["--add", "shard0=127.9.9.9:1"], "shard0"), (["--remove", "nobody"], "nobody"),
                (["--remove", "shard0", "--remove", "shard1"], "shard"), (["--move", "0-99999=shard1"], "99999"),
            ] {
                let ran = try await ShoalBinary.run(["reshard", "run"] + words, config: cluster.configFile)
                #expect(ran.exit != .code(0) && ran.errors.contains(why), "\(words): \(ran.text) \(ran.errors)")
            }
            let after = try await cluster.status()
            #expect(after.mapVersion == before.mapVersion && after.reshard == nil)
            #expect(String(decoding: TestFolder.read(cluster.configFile), as: UTF8.self).contains("shard2") == false)
            try await cluster.signalAll(SIGTERM)
            try await other.signalAll(SIGTERM)
        }

        /// The command only looks on: killed, the job goes on; and a second one is told of the first.
        @Test func theJobNeedsNoCommand() async throws {
            let cluster = try TestCluster([["lmdb"], ["rocksdb"]])
            try await cluster.start()
            try await cluster.fill(keys: 5_000, valueBytes: 2_000)
            let added = try await cluster.startShards([["rocksdb"]])
            let command = [ShoalBinary.path, "reshard", "run", "--add", added[0], "--rate", "1"]
            let process = try ChildProcess.start(
                command + ["--config-file", cluster.configFile],
                output: "\(cluster.folder.path)/run.out"
            )
            try #require(try await Poll.until { (try? await cluster.reshardStatus())?.state == .running })
            process.signal(SIGKILL)
            _ = try await process.waitForExit()
            let second = try await cluster.reshard("run", "--remove", "shard0")
            #expect(second.exit == .code(1) && second.errors.contains("under way"), "\(second.text) \(second.errors)")
            let paused = try await cluster.reshard("pause")
            #expect(paused.exit == .code(0), "\(paused.errors)")
            #expect(try await cluster.status().reshard?.state == .paused)
            let resumed = try await cluster.reshard("resume", "--rate", "0")
            #expect(resumed.exit == .code(0), "\(resumed.errors)")
            // Without a word it looks at the one that is under way.
            let watched = try await cluster.reshard("run")
            #expect(watched.exit == .code(0), "\(watched.text) \(watched.errors)")
            #expect(try await cluster.reshardStatus().state == .done)
            try await cluster.expectNoOrphans(filled: 5_000)
            try await cluster.signalAll(SIGTERM)
        }
    }
}
