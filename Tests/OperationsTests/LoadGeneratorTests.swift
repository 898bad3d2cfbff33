import Model
import Node
import Operations
import Server
import Synchronization
import TestSupport
import Testing

@Suite struct LoadGeneratorTests {
    private static let noCluster = "-ERR This instance has cluster support disabled\r\n"

    /// How many commands one read holds. The load sends whole batches, and a batch here fits one read.
    private static func count(_ name: String, in request: String) -> Int {
        request.split(separator: "\r\n").count { $0 == name }
    }

    /// Answers like a lone Redis: OK to each SET, one value to each GET.
    private static func lone(_ request: String) -> String {
        if request.contains("CLUSTER") { return noCluster }
        return String(repeating: "+OK\r\n", count: count("SET", in: request))
            + String(repeating: "$1\r\nv\r\n", count: count("GET", in: request))
    }

    private func options(_ target: NodeAddress, writes: Int = 0, reads: Int = 0) -> LoadOptions {
        var options = LoadOptions(target: target)
        options.writes = writes
        options.reads = reads
        options.concurrency = 3
        options.valueSize = 4
        options.keySpace = 1000
        return options
    }

    @Test func sendsWhatWasAskedForWritesFirst() async throws {
        let server = try FakeServer { Self.lone($0) }
        defer { server.close() }
        var options = options(server.address, writes: 101, reads: 50)
        options.pipeline = 8
        let report = try await LoadGenerator(options).run()
        #expect(report.phases.map(\.operation) == ["write", "read"])
        #expect(report.phases.map(\.count) == [101, 50])
        #expect(report.errorCount == 0)
        let requests = server.requests.joined()
        #expect(Self.count("SET", in: requests) == 101)
        #expect(Self.count("GET", in: requests) == 50)
    }

    @Test func countsErrorsByKindAndMisses() async throws {
        let server = try FakeServer { request in
            if request.contains("CLUSTER") { return Self.noCluster }
            return request.contains("SET") ? "-CLUSTERDOWN The shard has no leader\r\n" : "$-1\r\n"
        }
        defer { server.close() }
        let report = try await LoadGenerator(options(server.address, writes: 10, reads: 7)).run()
        #expect(report.phases[0].errors == ["CLUSTERDOWN": 10])
        #expect(report.phases[1].misses == 7)
        #expect(report.phases[1].errors.isEmpty)
    }

    @Test func followsMovedToANodeItDidNotKnow() async throws {
        let owner = try FakeServer { Self.lone($0) }
        let target = owner.address
        let other = try FakeServer { request in
            if request.contains("CLUSTER") { return Self.noCluster }
            return "-MOVED 1 \(target)\r\n"
        }
        defer {
            owner.close()
            other.close()
        }
        var options = options(other.address, writes: 20)
        options.keySpace = 5
        let report = try await LoadGenerator(options).run()
        #expect(report.errorCount == 0)
        #expect(report.phases[0].redirects > 0)
        #expect(Self.count("SET", in: owner.requests.joined()) == 20)
    }

    @Test func sendsEachKeyToItsLeader() async throws {
        let addresses = Mutex<[NodeAddress]>([])
        let answer: @Sendable (String) -> String = { request in
            guard request.contains("CLUSTER") else { return Self.lone(request) }
            let ranges = addresses.withLock { $0 }.enumerated().map { index, address in
                "*3\r\n:\(index * 8192)\r\n:\(index * 8192 + 8191)\r\n*3\r\n$9\r\n127.0.0.1\r\n:\(address.port)\r\n$1\r\nx\r\n"
            }
            return "*\(ranges.count)\r\n" + ranges.joined()
        }
        let servers = [try FakeServer(answer), try FakeServer(answer)]
        defer { for server in servers { server.close() } }
        addresses.withLock { $0 = servers.map(\.address) }
        let report = try await LoadGenerator(options(servers[0].address, writes: 300)).run()
        #expect(report.nodes == 2)
        #expect(report.phases[0].redirects == 0)
        for (index, server) in servers.enumerated() {
            let keys = server.requests.joined().split(separator: "\r\n").filter { $0.hasPrefix("key:") }
            #expect(!keys.isEmpty)
            #expect(keys.allSatisfy { Int(KeySlot.slot(of: String($0))) / 8192 == index })
        }
    }

    @Test func speaksHTTP() async throws {
        let server = try FakeServer { request in
            if request.contains("CLUSTER") { return "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n" }
            let writes = request.components("PUT /kv/key:")
            let reads = request.components("GET /get?key=key:")
            return String(repeating: "HTTP/1.1 204 No Content\r\n\r\n", count: writes)
                + String(repeating: "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nabcd", count: reads)
        }
        defer { server.close() }
        var options = options(server.address, writes: 30, reads: 30)
        options.wire = .http
        options.pipeline = 4
        let report = try await LoadGenerator(options).run()
        #expect(report.phases.map(\.count) == [30, 30])
        #expect(report.errorCount == 0)
    }

    @Test func lostConnectionsAreCountedAndOpenedAgain() async throws {
        let dropped = Mutex(0)
        let server = try FakeServer { request in
            if request.contains("CLUSTER") { return Self.noCluster }
            let isDropped = dropped.withLock { count in
                count += 1
                return count <= 2
            }
            return isDropped ? nil : Self.lone(request)
        }
        defer { server.close() }
        let report = try await LoadGenerator(options(server.address, writes: 40)).run()
        #expect(report.phases[0].errors == ["connection lost": 2])
        #expect(report.phases[0].count == 38)
    }

    @Test func demoTrafficEndsWhenCancelled() async throws {
        let (stream, signal) = AsyncStream<Void>.makeStream()
        let server = try FakeServer { request in
            if !request.contains("CLUSTER") { signal.yield() }
            return Self.lone(request)
        }
        defer { server.close() }
        let generator = LoadGenerator(options(server.address))
        let task = Task { try await generator.run(DemoTraffic(operationsPerSecond: 500, writePercent: 50)) }
        var seen = stream.makeAsyncIterator()
        for _ in 0..<5 { _ = await seen.next() }
        task.cancel()
        try await task.value
    }

    @Test func nobodyThereIsUnreachable() async throws {
        let server = try FakeServer { _ in nil }
        server.close()
        let options = options(server.address, writes: 1)
        let error = await #expect(throws: ClientError.self) { try await LoadGenerator(options).run() }
        #expect(error?.code == .unreachable)
    }
}

extension String {
    /// How often `part` is in it.
    fileprivate func components(_ part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let found = rest.firstRange(of: part) {
            count += 1
            rest = rest[found.upperBound...]
        }
        return count
    }
}
