import Coordination
import Foundation
import Routing
import Synchronization

/// Real etcd processes of one test, on addresses and in folders of their own; Debian's service is not touched.
package final class TestEtcd: Sendable {
    private static let nextPort = Mutex(23_000)
    /// This process's own: several may run at the same time, each from the first port on.
    package static let host = "127.0.40.\(1 + getpid() % 250)"

    /// What the members need beside the usual, such as certificates.
    package struct Options: Sendable {
        package var scheme = "http"
        package var arguments: [String] = []

        package init() {}

        package init(scheme: String, arguments: [String]) {
            self.scheme = scheme
            self.arguments = arguments
        }
    }

    package struct Ports: Sendable {
        package var client: Int
        package var peer: Int
    }

    package let folder: TestFolder
    package let ports: [Ports]
    package let options: Options
    private let processes = Mutex<[Int: TestProcess]>([:])

    /// Starts that many members and waits until they answer.
    package init(members: Int, folder: TestFolder? = nil, options: Options = Options()) async throws {
        self.folder = try folder ?? TestFolder()
        self.options = options
        ports = try (0..<members).map { _ in Ports(client: try Self.freePort(), peer: try Self.freePort()) }
        for member in ports.indices { try start(member) }
        for member in ports.indices { try await waitUntilReady(member) }
    }

    deinit { for process in processes.withLock({ $0.values }) { process.end() } }

    package var endpoints: [String] { ports.map { "\(options.scheme)://\(Self.host):\($0.client)" } }

    package var settings: EtcdSettings { EtcdSettings(endpoints: endpoints.compactMap { EtcdEndpoint($0) }) }

    package func start(_ member: Int) throws {
        let name = "m\(member)"
        let peers = ports.enumerated().map { "m\($0.offset)=http://\(Self.host):\($0.element.peer)" }
        let command =
            [
                "etcd", "--name", name, "--data-dir", "\(folder.path)/\(name)",
                "--listen-client-urls", endpoints[member], "--advertise-client-urls", endpoints[member],
                "--listen-peer-urls", "http://\(Self.host):\(ports[member].peer)",
                "--initial-advertise-peer-urls", "http://\(Self.host):\(ports[member].peer)",
                "--initial-cluster", peers.joined(separator: ","), "--initial-cluster-token", folder.path,
                "--logger", "zap", "--log-level", "warn", "--heartbeat-interval", "50", "--election-timeout", "500",
            ] + options.arguments
        let process = try TestProcess(command, output: "\(folder.path)/\(name).log")
        processes.withLock { $0[member] = process }
    }

    package func kill(_ member: Int) { processes.withLock { $0.removeValue(forKey: member) }?.end() }
    package func signal(_ member: Int, _ number: Int32) { processes.withLock { $0[member] }?.signal(number) }

    /// Until the member's port takes connections and, without TLS, a quorum answers through it.
    package func waitUntilReady(_ member: Int) async throws {
        let isReady = try await eventually(within: .seconds(30)) {
            guard let process = processes.withLock({ $0[member] }), process.ended() == nil else {
                throw TestFailure("etcd ended: \(processes.withLock { $0[member]?.text ?? "" }.suffix(2000))")
            }
            guard options.scheme == "http" else { return Self.isListening(ports[member].client) }
            return await isAnswering(member)
        }
        guard isReady else {
            throw TestFailure("etcd does not answer: \(processes.withLock { $0[member]?.text ?? "" }.suffix(2000))")
        }
    }

    private func isAnswering(_ member: Int) async -> Bool {
        guard let endpoint = EtcdEndpoint(endpoints[member]),
            let backend = try? EtcdBackend(cluster: "probe", settings: EtcdSettings(endpoints: [endpoint]))
        else { return false }
        let answer: CoordinatorRange?
        do {
            answer = try await backend.read("", isExact: false, timeout: .milliseconds(500))
        } catch {
            // An etcd that asks for a password answers, too.
            answer = error.code == .unauthorized ? CoordinatorRange(entries: [], revision: 0) : nil
        }
        await backend.close()
        return answer != nil
    }

    /// The next port of this suite's range that nothing listens on.
    package static func freePort() throws -> Int {
        for _ in 0..<1000 {
            let port = nextPort.withLock { port in
                defer { port = port < 23_999 ? port + 1 : 23_000 }
                return port
            }
            if !isListening(port) { return port }
        }
        throw TestFailure("no free port between 23000 and 23999 on \(host)")
    }

    package static func isListening(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}
