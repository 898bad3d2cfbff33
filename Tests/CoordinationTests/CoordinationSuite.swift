import Testing

/// One after the other: lease times are real, and etcd processes share the cores.
@Suite(.serialized) enum CoordinationSuite {}
