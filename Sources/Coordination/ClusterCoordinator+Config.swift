import FoundationEssentials
import Routing

extension ClusterCoordinator {
    /// The coordinator that config.yaml names. Nothing is sent or read yet, but `local` makes its folder. `close` it in the
    /// end.
    /// - Throws: `.notLocal`, `.badConfiguration`, `.unavailable`.
    package init(
        config: ClusterConfig,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(CoordinationError) {
        switch config.coordinator {
        case .local:
            self.init(cluster: config.name, backend: try LocalBackend(config: config))
        case .etcd:
            let settings = try EtcdSettings(config: config, environment: environment)
            self.init(cluster: config.name, backend: try EtcdBackend(cluster: config.name, settings: settings))
        }
    }
}
