import Coordination
import Foundation
import Model
import Routing
import TestSupport
import Testing

extension CoordinationSuite {
    /// TLS, certificates, users and passwords, against a real etcd; and how they are set.
    @Suite(.serialized) struct EtcdSecurityTests {
        private static let patience: Duration = .seconds(5)

        // MARK: Settings

        private func config(_ endpoints: [String]) throws -> ClusterConfig {
            let address = try NodeAddress("127.0.40.3:23800")
            var config = ClusterConfig(shards: [ShardConfig(name: "shard0", index: 0, address: address)])
            config.coordinator = .etcd
            config.etcdEndpoints = endpoints
            return config
        }

        @Test("Endpoints may carry user and password, which are never shown")
        func endpoints() throws {
            let endpoint = try #require(EtcdEndpoint("https://me:p%40ss%3aword@etcd1:2379"))
            #expect(endpoint.user == "me" && endpoint.password == "p@ss:word" && endpoint.isTLS)
            #expect(endpoint.description == "https://etcd1:2379")
            #expect(try #require(EtcdEndpoint("http://10.0.0.1:2379/")).user == nil)
            let bad = [
                "etcd1:2379", "ftp://etcd1:2379", "http://etcd1", "http://me@etcd1:2379", "http://:p@etcd1:2379",
                "http://me:%zz@etcd1:2379", "http://", "https://me:p@", "http://a:1/path",
            ]
            for text in bad { #expect(EtcdEndpoint(text) == nil, "\(text)") }
        }

        @Test("The environment is read as etcdctl reads it, and an endpoint's user wins")
        func environment() throws {
            let plain = try config(["http://127.0.0.1:2379"])
            let both = [
                "ETCDCTL_USER": "me:secret", "ETCDCTL_CACERT": "/ca", "ETCDCTL_CERT": "/c", "ETCDCTL_KEY": "/k",
            ]
            let settings = try EtcdSettings(config: plain, environment: both)
            #expect(settings.user == "me" && settings.password == "secret")
            #expect(settings.authorityFile == "/ca" && settings.certificateFile == "/c" && settings.keyFile == "/k")
            let split = try EtcdSettings(config: plain, environment: ["ETCDCTL_USER": "me", "ETCDCTL_PASSWORD": "s"])
            #expect(split.user == "me" && split.password == "s")
            let named = try EtcdSettings(config: try config(["http://you:yours@127.0.0.1:2379"]), environment: both)
            #expect(named.user == "you" && named.password == "yours")
            #expect(throws: CoordinationError.self) {
                try EtcdSettings(config: plain, environment: ["ETCDCTL_CERT": "/c"])
            }
        }

        @Test("Files that can't be read are refused at once")
        func missingFiles() async throws {
            var settings = EtcdSettings(endpoints: [try #require(EtcdEndpoint("https://127.0.40.1:23799"))])
            settings.authorityFile = "/nowhere/ca.pem"
            await expectCode(.badConfiguration) { _ = try EtcdBackend(cluster: "c", settings: settings) }
        }

        // MARK: TLS

        /// An authority, a server's and a client's certificate in `folder`.
        private func makeCertificates(_ folder: TestFolder) async throws {
            let script = """
                set -e; cd '\(folder.path)'
                openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca
                openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -days 2 -subj /CN=other
                echo subjectAltName=IP:\(TestEtcd.host) > names
                for name in server client; do
                  openssl req -newkey rsa:2048 -nodes -keyout $name.key -out $name.csr -subj /CN=$name
                  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out $name.pem
                done
                """
            try await run(["bash", "-c", script])
        }

        private func run(_ command: [String]) async throws {
            let folder = try TestFolder()
            let process = try TestProcess(command, output: "\(folder.path)/out")
            var code: Int32?
            _ = try await eventually(within: .seconds(60)) {
                code = process.ended()
                return code != nil
            }
            guard code == 0 else { throw TestFailure("\(command): \(process.text)") }
        }

        @Test("With TLS both sides must show a certificate of the right authority")
        func tls() async throws {
            let folder = try TestFolder()
            try await makeCertificates(folder)
            func file(_ name: String) -> String { "\(folder.path)/\(name)" }
            let options = TestEtcd.Options(
                scheme: "https",
                arguments: [
                    "--cert-file", file("server.pem"), "--key-file", file("server.key"), "--client-cert-auth",
                    "--trusted-ca-file", file("ca.pem"),
                ]
            )
            let etcd = try await TestEtcd(members: 1, folder: folder, options: options)
            var right = etcd.settings
            right.authorityFile = file("ca.pem")
            right.certificateFile = file("client.pem")
            right.keyFile = file("client.key")
            try await with(right) { backend in
                let isWritten = try await eventually { (try? await backend.put("a", "1")) != nil }
                #expect(isWritten)
                let lease = try await backend.grantSession(ttl: 5_000, timeout: Self.patience)
                let renewed = try await backend.renewSession(lease.id, timeout: Self.patience)
                #expect(renewed.id == lease.id)
                let watched = WatchedKeys()
                let watch = backend.watch("")
                let reader = Task { await watched.follow(watch) }
                let isSeen = try await eventually { await watched.values["a"] == "1" }
                #expect(isSeen)
                watch.cancel()
                await reader.value
            }
            var stranger = right
            stranger.authorityFile = file("other.pem")
            var anonymous = right
            (anonymous.certificateFile, anonymous.keyFile) = (nil, nil)
            for settings in [stranger, anonymous] {
                try await with(settings) { backend in
                    await expectCode(.unauthorized) { _ = try await backend.read("") }
                }
            }
        }

        private func with(_ settings: EtcdSettings, _ body: (EtcdBackend) async throws -> Void) async throws {
            let backend = try EtcdBackend(cluster: "contract", settings: settings)
            do {
                try await body(backend)
            } catch {
                await backend.close()
                throw error
            }
            await backend.close()
        }

        // MARK: Users

        /// A user `shoal`, password `p:w`, that may have the cluster's keys and nothing else.
        private func enableUsers(_ etcd: TestEtcd) async throws {
            func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }
            let range = #""key":"\#(base64("/shoal/contract/"))","range_end":"\#(base64("/shoal/contract0"))""#
            let steps = [
                ("user/add", #"{"name":"root","password":"r"}"#), ("role/add", #"{"name":"root"}"#),
                ("user/grant", #"{"user":"root","role":"root"}"#), ("user/add", #"{"name":"shoal","password":"p:w"}"#),
                ("role/add", #"{"name":"shoal"}"#), ("user/grant", #"{"user":"shoal","role":"shoal"}"#),
                ("role/grant", #"{"name":"shoal","perm":{"permType":"READWRITE",\#(range)}}"#), ("enable", "{}"),
            ]
            for (path, body) in steps {
                try await run(["curl", "-sS", "--fail", "-d", body, "\(etcd.endpoints[0])/v3/auth/\(path)"])
            }
        }

        @Test("User and password open what they may, and nothing else; a token that etcd forgot is renewed")
        func users() async throws {
            let etcd = try await TestEtcd(members: 1)
            try await enableUsers(etcd)
            var right = etcd.settings
            (right.user, right.password) = ("shoal", "p:w")
            try await with(right) { backend in
                try await backend.put("a", "1")
                let lease = try await backend.grantSession(ttl: 30_000, timeout: Self.patience)
                try await backend.put("tied", "1", session: lease.id)
                let watched = WatchedKeys()
                let watch = backend.watch("")
                let reader = Task { await watched.follow(watch) }
                let isSeen = try await eventually { await watched.values.count == 2 }
                #expect(isSeen)
                // Tokens are kept in memory: a restart forgets them.
                etcd.kill(0)
                try etcd.start(0)
                try await etcd.waitUntilReady(0)
                let renewed = try await backend.renewSession(lease.id, timeout: Self.patience)
                #expect(renewed.id == lease.id)
                try await backend.put("b", "1")
                let isSeenAgain = try await eventually { await watched.values["b"] == "1" }
                #expect(isSeenAgain)
                watch.cancel()
                await reader.value
            }
            let elsewhere = try EtcdBackend(cluster: "elsewhere", settings: right)
            await expectCode(.unauthorized) { _ = try await elsewhere.read("") }
            await expectCode(.unauthorized) { try await elsewhere.put("a", "1") }
            await elsewhere.close()
            var wrong = right
            wrong.password = "wrong"
            for settings in [wrong, etcd.settings] {
                try await with(settings) { backend in
                    await expectCode(.unauthorized) { _ = try await backend.read("") }
                    await expectCode(.unauthorized) { try await backend.put("a", "2") }
                }
            }
        }
    }
}
