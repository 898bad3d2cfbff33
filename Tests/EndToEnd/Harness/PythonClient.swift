import Model
import TestSupport

/// redis-py's RedisCluster and Python's own HTTP client with kept connections, writing and reading until told to stop.
final class PythonClient {
    private let process: ChildProcess
    private let folder: TestFolder

    /// Writes unique keys, reads them back, and counts what a program would have seen as an exception.
    private static let script = """
        import http.client, os, select, sys, threading, time
        from redis.cluster import RedisCluster, ClusterNode
        stop, nodes = sys.argv[1], [tuple(n.rsplit(':', 1)) for n in sys.argv[2:]]
        startup = [ClusterNode(h, int(p)) for h, p in nodes]
        redis, failures, written, lock = RedisCluster(startup_nodes=startup), [], {}, threading.Lock()
        def failed(text):
            with lock: failures.append(text)
        def done(key, value):
            with lock: written[key] = value
        def cluster(name):
            number = 0
            while not os.path.exists(stop):
                key, value = f'{name}-{number}', f'value {number}'
                try:
                    if redis.set(key, value) and redis.get(key) == value.encode(): done(key, value)
                    else: failed(f'{key}: another value')
                except Exception as error: failed(f'{key}: {type(error).__name__} {error}')
                number += 1
                time.sleep(0.005)
        def web(name, turn):
            number, open = 0, {}
            def ask(method, node, path, body):
                connection = open.get(node)
                # As every HTTP library does: a connection that the other side has closed is not used again.
                if connection is not None and select.select([connection.sock], [], [], 0)[0]:
                    open.pop(node).close()
                    connection = None
                if connection is None:
                    connection = http.client.HTTPConnection(node[0], int(node[1]), timeout=10)
                    connection.connect()
                    open[node] = connection
                connection.request(method, path, body)
                answer = connection.getresponse()
                content = answer.read()
                if answer.will_close: open.pop(node).close()
                return answer, content
            while not os.path.exists(stop):
                key, value, node, left = f'{name}-{number}', f'value {number}'.encode(), nodes[(number + turn) % len(nodes)], 16
                while True:
                    left -= 1
                    try:
                        answer, content = ask('PUT', node, '/kv/' + key, value)
                        if answer.status == 307 and left > 0:
                            node = tuple(answer.getheader('Location').split('/')[2].rsplit(':', 1))
                            continue
                        if answer.status == 204: done(key, value.decode())
                        else: failed(f'{key} at {node}: {answer.status} {content}')
                        break
                    except ConnectionRefusedError as error:
                        if left > 0:
                            turn += 1
                            node = nodes[(number + turn) % len(nodes)]
                            continue
                        failed(f'{key}: {error}')
                        break
                    except Exception as error:
                        failed(f'{key} at {node}: {type(error).__name__} {error}')
                        open.pop(node, None)
                        break
                number += 1
                time.sleep(0.005)
        threads = [threading.Thread(target=cluster, args=(f'py{n}',)) for n in range(2)]
        threads += [threading.Thread(target=web, args=(f'web{n}', n)) for n in range(2)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        lost = [key for key, value in written.items() if redis.get(key) != value.encode()]
        print(f'{len(written)} written, {len(failures)} failed, {len(lost)} lost')
        for line in failures[:20] + lost[:5]: print(line)
        """

    init(_ nodes: [NodeAddress]) throws {
        folder = try TestFolder()
        let file = try folder.write(Self.script, to: "client.py")
        process = try ChildProcess.start(
            ["python3", file, "\(folder.path)/stop"] + nodes.map { "\($0)" },
            output: "\(folder.path)/out",
            environment: ["PYTHONPATH": ".build/python"]
        )
    }

    /// Ends it and tells what it printed: `N written, 0 failed, 0 lost` and examples.
    func finish() async throws -> (line: String, all: String) {
        _ = try folder.write("", to: "stop")
        let exit = try await process.waitForExit(within: .seconds(60))
        let text = String(decoding: TestFolder.read("\(folder.path)/out"), as: UTF8.self)
        guard exit == .code(0) else { throw TestFailure("the Python client ended with \(exit): \(text.suffix(2000))") }
        return (text.split(separator: "\n").first.map(String.init) ?? "", text)
    }

    var hasEnded: Bool { process.ended != nil }
}
