import Glibc

/// Where the console keeps what is about the user and not about a cluster: its log and its settings.
package struct StateFolder: Sendable {
    package let path: String
    /// Why nothing can be written there, in words; nil if it can.
    package let problem: String?

    /// `$XDG_STATE_HOME/shoal`, by default `~/.local/state/shoal`; made if it isn't there. A path that is not absolute
    /// is none, as XDG has it.
    package init(environment: [String: String]) {
        var state = environment["XDG_STATE_HOME"] ?? ""
        if !state.hasPrefix("/") {
            let home = environment["HOME"] ?? ""
            state = (home.hasPrefix("/") ? home : "/tmp") + "/.local/state"
        }
        var folder = ""
        var failure: String?
        for part in (state + "/shoal").split(separator: "/") {
            folder += "/" + part
            if mkdir(folder, 0o755) != 0, errno != EEXIST, failure == nil {
                failure = String(cString: strerror(errno))
            }
        }
        if failure == nil, access(folder, W_OK | X_OK) != 0 { failure = String(cString: strerror(errno)) }
        path = folder
        problem = failure.map { "can't write to \(folder) (\($0.lowercased())): no settings and no log are kept" }
    }

    /// Of this process.
    package static func current() -> StateFolder {
        var environment: [String: String] = [:]
        for name in ["XDG_STATE_HOME", "HOME"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        return StateFolder(environment: environment)
    }
}
