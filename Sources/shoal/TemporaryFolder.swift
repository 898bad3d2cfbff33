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
    /// `$XDG_STATE_HOME/shoal/console.log`, by default below `~/.local/state`.
    static func path() throws -> String {
        let home = getenv("HOME").map { String(cString: $0) } ?? "/tmp"
        let state = getenv("XDG_STATE_HOME").map { String(cString: $0) } ?? home + "/.local/state"
        var folder = ""
        for part in (state + "/shoal").split(separator: "/") {
            folder += "/" + part
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else {
                throw CommandFailure(.failed, "can't create \(folder) for the log: \(String(cString: strerror(errno)))")
            }
        }
        return folder + "/console.log"
    }
}
