import Glibc
import Model
import Server
import Testing

extension EndToEndSuite {
    /// Item 8: what is wrong is said in one line, and nothing is lost.
    @Suite struct RefusalTests {
        private static let shard = "Shard:\n  Name: s0\n  Index: 0\n  Address: 127.0.0.2:8080\n"

        @Test(arguments: [
            "", "\u{1}\u{2}\u{3}", "Shard:\n  Name: s0\n  Index: 1\n  Address: 127.0.0.2:8080\n",
            shard + "  Colour: red\n", shard + "---\nShard:\n  Name: s1\n  Index: 1\n  Address: 127.0.0.2:8080\n",
            "Shard:\n  Name: s0\n  Index: 0\n  Address: 127.0.0.2\n",
        ])
        func badConfigIsRefusedWithFileAndLine(text: String) async throws {
            let folder = try TestFolder()
            let file = try folder.write(text, to: "config.yaml")
            let checked = try await ChildProcess.run([ShoalBinary.path, "config", "check", file])
            #expect(checked.exit == .code(2))
            #expect(checked.errors.contains("\(file):"), "\(checked.errors)")
            let node = try await ShoalBinary.run(
                "node",
                "--shard",
                "s0",
                "--http-address",
                "127.0.0.2:8080",
                config: file
            )
            #expect(node.exit == .code(2))
            #expect(node.errors.contains("\(file):"), "\(node.errors)")
        }

        @Test func foreignFolderAndPortInUseAreRefused() async throws {
            let cluster = try TestCluster([["lmdb"], ["lmdb"]])
            try await cluster.start()
            let (first, second) = (cluster.members[0], cluster.members[1])
            let again = [
                ShoalBinary.path, "node", "--shard", "shard0", "--http-address", "\(first.address)", "--db-location",
                "\(cluster.folder.path)/other", "--config-file", cluster.configFile,
            ]
            let inUse = try await ChildProcess.run(again)
            #expect(inUse.exit == .code(1))
            #expect(inUse.errors.contains("\(first.address)"), "\(inUse.errors)")
            #expect(try await cluster.status(of: first).state == .running)
            try await cluster.signalAll(SIGTERM)
            second.folder = first.folder
            try cluster.spawn(second)
            #expect(try await #require(second.process).waitForExit() == .code(1))
            let said = String(decoding: TestFolder.read(cluster.log(of: second)), as: UTF8.self)
            #expect(said.contains("shard0") && said.contains("--adopt"), "\(said)")
        }

        @Test func tooLongKeysAndValuesLeaveTheNodeAlive() async throws {
            let cluster = try TestCluster([["lmdb"]])
            try await cluster.start()
            let address = cluster.members[0].address
            let client = try await RESPClient.connect(to: address)
            let key = [UInt8](repeating: 107, count: 4097)
            let reply = try await client.command([Array("SET".utf8), key, [1]])
            guard case .error = reply else { throw TestFailure("a key of 4097 bytes was taken: \(reply)") }
            let path = "/kv/" + String(decoding: key, as: UTF8.self)
            let put = try await HTTPFetch.request(method: "PUT", address: address, path: path, body: [1])
            #expect([400, 413].contains(put.status))
            #expect(String(decoding: put.body, as: UTF8.self).contains("key_too_long"))
            let zeros = try await ChildProcess.run(
                [
                    "sh", "-c",
                    "head -c 17825792 /dev/zero | curl -s -o /dev/null -w '%{http_code}' -T - http://\(address)/kv/big",
                ]
            )
            #expect(zeros.text.hasPrefix("413"), "\(zeros.text)")
            #expect(try await client.command("GET", "big") == .null)
            #expect(try await client.command("SET", "small", "x") == .simple("OK"))
            await client.close()
            try await cluster.signalAll(SIGTERM)
        }
    }
}
