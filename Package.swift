// swift-tools-version:6.1
import PackageDescription

// A target is a room (docs/architecture.md): it may import only rooms listed above it.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let histogram: Target.Dependency = .product(name: "Histogram", package: "hdrhistogram-swift")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "shoal",
    products: [.executable(name: "shoal", targets: ["shoal"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
        // etcd's gateway. The lowest version that serves: later ones ask for later toolchains than 6.1.
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.26.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.30.0"),
    ],
    targets: [
        .systemLibrary(name: "CLMDB", pkgConfig: "lmdb", providers: [.apt(["liblmdb-dev"])]),
        .systemLibrary(name: "CRocksDB", pkgConfig: "rocksdb", providers: [.apt(["librocksdb-dev"])]),
        .systemLibrary(name: "CNcurses", pkgConfig: "ncursesw", providers: [.apt(["libncurses-dev"])]),
        .systemLibrary(name: "CCRC32C"),
        .target(name: "Model", swiftSettings: settings),
        .target(
            name: "Storage",
            dependencies: ["Model", "CLMDB", "CRocksDB", "CCRC32C", crypto],
            swiftSettings: settings
        ),
        .target(
            name: "Routing",
            dependencies: ["Model", .product(name: "Yams", package: "Yams"), crypto],
            swiftSettings: settings
        ),
        .target(name: "Replication", dependencies: ["Model", "Storage", "Routing"], swiftSettings: settings),
        .target(
            name: "Coordination",
            dependencies: [
                "Model", "Storage", "Routing", "Replication", nioCore, nioPosix,
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Resharding",
            dependencies: ["Model", "Storage", "Routing", "Replication"],
            swiftSettings: settings
        ),
        .target(
            name: "Server",
            dependencies: [
                "Model", "Storage", "Routing", "Replication", "Resharding", nioCore, nioPosix, logging, histogram,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Node",
            dependencies: [
                "Model", "Storage", "Routing", "Replication", "Coordination", "Resharding", "Server", nioCore, nioPosix,
                logging,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Operations",
            dependencies: [
                "Model", "Storage", "Routing", "Replication", "Coordination", "Resharding", "Server", "Node", nioCore,
                nioPosix, logging, histogram,
            ],
            swiftSettings: settings
        ),
        .target(
            name: "Terminal",
            dependencies: ["CNcurses"],
            // A link to themes/: the files themselves are in the binary, there are no copies to keep equal.
            resources: [.embedInCode("Themes/Shipped")],
            swiftSettings: settings
        ),
        .target(
            name: "Console",
            dependencies: [
                "Model", "Storage", "Routing", "Resharding", "Server", "Node", "Operations", "Terminal", nioCore,
            ],
            swiftSettings: settings
        ),
        .executableTarget(
            name: "shoal",
            dependencies: [
                "Model", "Storage", "Routing", "Replication", "Coordination", "Resharding", "Server", "Node",
                "Operations", "Terminal", "Console", logging, histogram, nioCore, nioPosix,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings
        ),
        .target(
            name: "TestSupport",
            dependencies: ["FaultDisk", "Model", "Routing", "Coordination"],
            path: "Tests/Support",
            swiftSettings: settings
        ),
        .target(name: "FaultDisk", path: "Tests/FaultDisk"),
        .testTarget(name: "ModelTests", dependencies: ["Model", "TestSupport"], swiftSettings: settings),
        .testTarget(
            name: "StorageTests",
            dependencies: ["Model", "Storage", "TestSupport"],
            exclude: ["Fixtures"],
            swiftSettings: settings
        ),
        .testTarget(name: "RoutingTests", dependencies: ["Model", "Routing"], swiftSettings: settings),
        .testTarget(
            name: "ReplicationTests",
            dependencies: ["Model", "Replication", "Storage"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "Simulation",
            dependencies: [
                "Coordination", "Model", "Node", "Replication", "Resharding", "Routing", "Server", "Storage",
                "TestSupport", nioCore, logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ReshardingTests",
            dependencies: ["Model", "Resharding", "Replication", "Routing", "Storage"],
            swiftSettings: settings
        ),
        // A second process for the tests of the `local` coordinator.
        .executableTarget(
            name: "CoordinationTestPeer",
            dependencies: ["Coordination", "Model", "Storage"],
            path: "Tests/CoordinationTestPeer",
            swiftSettings: settings
        ),
        .testTarget(
            name: "CoordinationTests",
            dependencies: [
                "Coordination", "CoordinationTestPeer", "Model", "Storage", "Routing", "Replication", "TestSupport",
                nioCore, nioPosix,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "ServerTests",
            dependencies: [
                "Model", "Server", "Storage", "Routing", "Replication", "TestSupport", nioCore, nioPosix, logging,
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "NodeTests",
            dependencies: [
                "Model", "Node", "Coordination", "Replication", "Resharding", "Server", "Storage", "Routing",
                "TestSupport", nioCore, nioPosix, logging,
            ],
            swiftSettings: settings
        ),
        .testTarget(
            name: "OperationsTests",
            dependencies: [
                "Model", "Operations", "Node", "Coordination", "Replication", "Resharding", "Server", "Storage",
                "Routing",
                "TestSupport", nioCore, nioPosix, logging,
            ],
            swiftSettings: settings
        ),
        // Reads the sources as text: it knows no room.
        .testTarget(name: "TidyTests", swiftSettings: settings),
        .testTarget(name: "TerminalTests", dependencies: ["Terminal"], swiftSettings: settings),
        .testTarget(
            name: "ConsoleTests",
            dependencies: ["Console", "Terminal", "Model", "Server", "Resharding", "Routing", "Storage"],
            exclude: ["Golden"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: ["shoal", "Model", "Operations", "Node", "Resharding", "Replication", "Routing", "Storage"],
            swiftSettings: settings
        ),
        .testTarget(
            name: "EndToEnd",
            dependencies: ["shoal", "Model", "Routing", "Server", "Console", "TestSupport", nioCore, nioPosix],
            swiftSettings: settings
        ),
    ]
)
