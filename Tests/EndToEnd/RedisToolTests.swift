import Glibc
import Model
import Routing
import Server
import Testing

extension EndToEndSuite {
    /// Item 5: Redis's own tools and redis-py on the same addresses as curl.
    @Suite struct RedisToolTests {
        @Test func cliFollowsRedirects() async throws {
            let cluster = try TestCluster([["lmdb"], ["rocksdb"]])
            try await cluster.start()
            for member in cluster.members {
                let address = member.address
                let cli = ["redis-cli", "-c", "-h", address.host, "-p", "\(address.port)"]
                for key in ["a", "b", "c", "d"] {
                    #expect(try await ChildProcess.run(cli + ["SET", key, "\(address)"]).text == "OK\n")
                    #expect(try await ChildProcess.run(cli + ["GET", key]).text == "\(address)\n")
                }
            }
            let curl = ["curl", "-sS", "-L", "http://\(cluster.members[0].address)/get?key=a"]
            #expect(try await ChildProcess.run(curl).text == "\(cluster.members[1].address)")
            try await cluster.signalAll(SIGTERM)
        }

        @Test func benchmarkRunsWithoutErrors() async throws {
            for shards in [[["lmdb"]], [["rocksdb"]], [["lmdb"], ["rocksdb"]]] {
                let cluster = try TestCluster(shards)
                try await cluster.start()
                let address = cluster.members[0].address
                let tests = "set,get,incr,mset"
                let ran = try await ChildProcess.run(
                    [
                        "redis-benchmark", "-h", address.host, "-p", "\(address.port)", "-t", tests, "-P", "16", "-n",
                        "20000",
                    ]
                        + ["-r", "1000", "-q"] + (shards.count == 1 ? [] : ["--cluster"]),
                    within: .seconds(120)
                )
                #expect(ran.exit == .code(0), "\(ran.text) \(ran.errors)")
                #expect(!(ran.text + ran.errors).contains("Error from server"), "\(ran.text) \(ran.errors)")
                try await cluster.signalAll(SIGTERM)
            }
        }

        @Test func pythonClusterClientWorks() async throws {
            let cluster = try TestCluster([["lmdb", "rocksdb"], ["rocksdb", "lmdb"]])
            try await cluster.start()
            let script = """
                import sys
                from redis.cluster import RedisCluster
                client = RedisCluster(host=sys.argv[1], port=int(sys.argv[2]))
                for n in range(200):
                    assert client.set(f'key{n}', f'value{n}')
                assert all(client.get(f'key{n}') == f'value{n}'.encode() for n in range(200))
                assert client.incr('counter') == 1 and client.incr('counter') == 2
                assert client.set('once', 'x', nx=True) and not client.set('once', 'y', nx=True)
                assert client.mset_nonatomic({f'm{n}': n for n in range(20)})
                assert client.delete('key0') == 1 and client.get('key0') is None
                print('done')
                """
            let file = try cluster.folder.write(script, to: "client.py")
            let address = cluster.members[0].address
            let ran = try await ChildProcess.run(
                ["python3", file, address.host, "\(address.port)"],
                environment: ["PYTHONPATH": ".build/python"]
            )
            #expect(ran.text == "done\n", "\(ran.errors)")
            try await cluster.signalAll(SIGTERM)
        }

        @Test func expiredKeysAreNeverReturned() async throws {
            let cluster = try TestCluster([["lmdb", "rocksdb"]])
            try await cluster.start()
            let leader = try await RESPClient.connect(to: cluster.members[0].address)
            let replica = try await RESPClient.connect(to: cluster.members[1].address)
            _ = try await replica.command("READONLY")
            #expect(try await leader.command("SET", "short", "life", "PX", "1500") == .simple("OK"))
            #expect(try await leader.command("GET", "short") == .bulk(Array("life".utf8)))
            for client in [leader, replica] {
                let isGone = try await Poll.until { try await client.command("GET", "short") == .null }
                #expect(isGone)
            }
            // Counted exactly, so the delete has reached the replica's engine too.
            let isEmpty = try await Poll.until { try await cluster.status(of: cluster.members[1]).keys == 0 }
            #expect(isEmpty)
            await leader.close()
            await replica.close()
            try await cluster.signalAll(SIGTERM)
        }
    }
}
