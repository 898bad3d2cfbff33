import Model

/// The whole cluster at one moment, as the console shows it.
package struct ClusterSnapshot: Hashable, Sendable {
    /// `Environment` of config.yaml: the colour of the frame.
    package enum Environment: String, Hashable, Sendable, CaseIterable { case development, staging, production }

    package var status: ClusterStatus
    package var environment: Environment
    /// CLOCK_MONOTONIC when the status was put together.
    package var milliseconds: Int
    /// Addresses of the nodes that run inside this process and stop with it.
    package var embedded: Set<String>
    /// Addresses of the nodes that take demonstration traffic.
    package var demo: Set<String>

    package init(
        status: ClusterStatus,
        environment: Environment = .development,
        milliseconds: Int,
        embedded: Set<String> = [],
        demo: Set<String> = []
    ) {
        self.status = status
        self.environment = environment
        self.milliseconds = milliseconds
        self.embedded = embedded
        self.demo = demo
    }

    /// Nodes that run on their own, and log elsewhere.
    var headless: [String] { status.shards.flatMap(\.nodes).map(\.address).filter { !embedded.contains($0) } }

    /// What every node does, in the order of the config.
    var states: [NodeStatus.State] { status.shards.flatMap(\.nodes).map(\.state) }
}

/// Something that happened, for the events panel.
package struct ClusterEvent: Hashable, Sendable {
    package enum Severity: Hashable, Sendable { case info, success, warning, error }

    /// Wall clock, seconds since 1970.
    package var unixSeconds: Int
    package var severity: Severity
    package var text: String

    package init(unixSeconds: Int, severity: Severity, text: String) {
        self.unixSeconds = unixSeconds
        self.severity = severity
        self.text = text
    }
}
