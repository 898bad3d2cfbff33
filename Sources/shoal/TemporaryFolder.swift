import Console
import FoundationEssentials
import Glibc

/// The throw-away data folder of `shoal console --demo`.
enum TemporaryFolder {
    static func create() throws -> String {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/shoal-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(.failed, "can't create a folder in \(base): \(String(cString: strerror(errno)))")
        }
        return template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
    }

    /// Removes the folder and everything in it; what can't be removed stays and does no harm.
    static func remove(_ path: String) {
        guard path.contains("/shoal-demo-") else { return }
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Where the console's own log goes while the screen is in use.
enum LogFile {
    /// `console.log` beside the settings. Where nothing can be written the log is lost, which the console says; it works
    /// as well.
    static func path(in folder: StateFolder) -> String {
        folder.problem == nil ? folder.path + "/console.log" : "/dev/null"
    }
}
