import NIOSSL
import Routing

/// How to reach etcd: the endpoints of config.yaml, and what etcdctl takes from the environment, under its own names, so
/// that a shell in which etcdctl works is one in which Shoal does.
///
/// `ETCDCTL_CACERT`, `ETCDCTL_CERT`, `ETCDCTL_KEY`: PEM files, read at the start. `ETCDCTL_USER` (`name` or
/// `name:password`), `ETCDCTL_PASSWORD`; an endpoint may have them as well, and wins.
package struct EtcdSettings: Sendable {
    package var endpoints: [EtcdEndpoint]
    package var user: String?
    package var password: String
    /// nil: the system's certificate authorities.
    package var authorityFile: String?
    package var certificateFile: String?
    package var keyFile: String?

    package init(endpoints: [EtcdEndpoint], user: String? = nil, password: String = "") {
        self.endpoints = endpoints
        self.user = user
        self.password = password
    }

    /// - Throws: `.badConfiguration` for an endpoint that is none, or settings that lack their other half.
    package init(config: ClusterConfig, environment: [String: String]) throws(CoordinationError) {
        var endpoints: [EtcdEndpoint] = []
        for text in config.etcdEndpoints {
            guard let endpoint = EtcdEndpoint(text) else {
                throw CoordinationError(
                    .badConfiguration,
                    "\(config.file): an etcd endpoint is no http(s)://host:port: correct EtcdEndpoints"
                )
            }
            endpoints.append(endpoint)
        }
        guard !endpoints.isEmpty else {
            throw CoordinationError(.badConfiguration, "\(config.file): Coordinator etcd needs EtcdEndpoints")
        }
        self.init(endpoints: endpoints)
        func given(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        authorityFile = given("ETCDCTL_CACERT")
        certificateFile = given("ETCDCTL_CERT")
        keyFile = given("ETCDCTL_KEY")
        guard (certificateFile == nil) == (keyFile == nil) else {
            throw CoordinationError(.badConfiguration, "ETCDCTL_CERT and ETCDCTL_KEY belong together: set both or none")
        }
        if let endpoint = endpoints.first(where: { $0.user != nil }) {
            user = endpoint.user
            password = endpoint.password ?? ""
        } else if let text = given("ETCDCTL_USER") {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            user = parts[0]
            password = parts.count == 2 ? parts[1] : given("ETCDCTL_PASSWORD") ?? ""
        }
    }

    /// What TLS connections use; nil without an https endpoint. Reads the files.
    func tls() throws(CoordinationError) -> TLSConfiguration? {
        guard endpoints.contains(where: \.isTLS) else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        do {
            if let authorityFile {
                configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorityFile))
            }
            if let certificateFile, let keyFile {
                configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(certificateFile)
                    .map { .certificate($0) }
                configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: keyFile, format: .pem))
            }
        } catch {
            throw CoordinationError(
                .badConfiguration,
                "the TLS files for etcd can't be read (\(error)): correct ETCDCTL_CACERT, ETCDCTL_CERT, ETCDCTL_KEY"
            )
        }
        return configuration
    }
}
