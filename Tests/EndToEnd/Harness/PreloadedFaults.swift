import Foundation
import Glibc
import TestSupport

/// Faults of the disk for `shoal node` processes: the fault disk's library, preloaded, and the file that tells it.
struct PreloadedFaults {
    /// As in FaultDisk.h.
    enum Call: Int { case open = 1, write, sync, folderSync, rename, unlink, allocate }

    private let library: String
    private let rules: String
    private let root: String

    /// Compiles the library into the cluster's folder.
    init(for cluster: TestCluster) async throws {
        root = cluster.folder.path
        library = "\(root)/libfault.so"
        rules = "\(root)/faults"
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("FaultDisk")
        let files = try FileManager.default.contentsOfDirectory(atPath: sources.path).filter { $0.hasSuffix(".c") }
        let command = ["clang", "-O1", "-fPIC", "-shared", "-o", library] + files.map { "\(sources.path)/\($0)" }
        let built = try await ChildProcess.run(command + ["-lpthread"])
        guard built.exit == .code(0) else { throw TestFailure("can't compile the fault disk: \(built.errors)") }
    }

    /// Of a node that is to feel them.
    var environment: [String: String] {
        ["LD_PRELOAD": library, "FAULT_DISK_ROOT": root, "FAULT_DISK_RULES": rules]
    }

    /// From now on such calls on such paths fail.
    func begin(_ call: Call, on path: String, error: Int32) throws {
        // All at once: the node reads it at any moment.
        try Data("\(call.rawValue) \(error) \(path)\n".utf8).write(to: URL(fileURLWithPath: rules + ".new"))
        guard rename(rules + ".new", rules) == 0 else { throw TestFailure("can't write \(rules): errno \(errno)") }
    }

    /// No more faults.
    func end() throws { guard unlink(rules) == 0 else { throw TestFailure("can't remove \(rules): errno \(errno)") } }
}
