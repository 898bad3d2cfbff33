import Glibc

/// How many files and sockets the process may have open.
enum OpenFilesLimit {
    /// More is of no use to a node, and tables of that size cost memory in some libraries.
    private static let wanted: rlim_t = 1 << 20

    /// Raises the soft limit as far as this user may: shells and supervisors often set it to 1024, which a few hundred clients
    /// and an engine's table files reach. Where that is refused, the limit stays as it was set.
    static func raise() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted else {
            return
        }
        limit.rlim_cur = min(limit.rlim_max, wanted)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
