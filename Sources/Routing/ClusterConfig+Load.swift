import Glibc
import Model

extension ClusterConfig {
    /// A larger file is no config: a shard is about 100 bytes.
    private static let fileBytesMax = 4 << 20

    /// Reads and checks `file`. Blocks on the file system.
    /// - Parameter checkingLocality: also `validateLocality()`; false for clients, which may run elsewhere.
    package static func load(file: String, checkingLocality: Bool = true) throws(ConfigError) -> ClusterConfig {
        let config = try ConfigParser.parse(readBytes(of: file), file: file)
        if checkingLocality { try config.validateLocality() }
        return config
    }

    /// Refuses addresses of other machines when the coordinator is `local`, which only processes of one machine share.
    /// - Parameter localHosts: this machine's own names and addresses beside the loopback ones.
    package func validateLocality(localHosts: Set<String> = LocalHosts.all()) throws(ConfigError) {
        guard coordinator == .local else { return }
        let problems = allNodes.filter { !LocalHosts.isLoopback($0.host) && !localHosts.contains($0.host) }.map {
            ConfigError.Problem(
                file: file,
                line: addressLines[$0],
                message: "\($0) is not an address of this machine, which \"Coordinator: local\" needs; "
                    + "use 127.x.x.x addresses, or \"Coordinator: etcd\" for a cluster of several machines"
            )
        }
        if let first = problems.first { throw ConfigError(first, Array(problems.dropFirst())) }
    }

    /// Where a symbolic link points to, whether something is there or not; nil for anything else.
    package static func linkTarget(of file: String) -> String? {
        var characters = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(file, &characters, characters.count)
        guard count > 0 else { return nil }
        return String(decoding: characters[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The file as it is, unless it is too large to be a config. Blocks on the file system.
    package static func readBytes(of file: String) throws(ConfigError) -> [UInt8] {
        func failure(_ message: String) -> ConfigError { ConfigError(.init(file: file, line: nil, message: message)) }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw failure(String(cString: strerror(errno))) }
            if let target = linkTarget(of: file) { throw failure("is a link to \(target), which is not there") }
            throw failure("no such file; name one with --config-file")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= fileBytesMax else { throw failure("is larger than 4 MiB; this is no config.yaml") }
        }
    }
}
