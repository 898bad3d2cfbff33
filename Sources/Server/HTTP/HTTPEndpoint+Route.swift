extension HTTPEndpoint {
    /// The paths there are, before methods and parameters are looked at.
    enum Route {
        case put, get, delete, clean, nextReplicationKey, deleteNextReplicationKey, key, list
        case status, reshard, slots, health, ready, metrics, slowLog, adminStart, adminStop, adminSwitchover

        init?(_ path: UnsafeRawBufferPointer) {
            if path.count >= 4, path[1] == UInt8(ascii: "k"), path[2] == UInt8(ascii: "v"), path[3] == UInt8(ascii: "/")
            {
                self = .key
                return
            }
            let route: Route? =
                switch path.count {
                case 3 where ASCII.equals(path, "/kv"): .list
                case 4 where ASCII.equals(path, "/get"): .get
                case 4 where ASCII.equals(path, "/put"): .put
                case 6 where ASCII.equals(path, "/clean"): .clean
                case 6 where ASCII.equals(path, "/slots"): .slots
                case 7 where ASCII.equals(path, "/delete"): .delete
                case 7 where ASCII.equals(path, "/status"): .status
                case 7 where ASCII.equals(path, "/readyz"): .ready
                case 8 where ASCII.equals(path, "/healthz"): .health
                case 8 where ASCII.equals(path, "/metrics"): .metrics
                case 8 where ASCII.equals(path, "/reshard"): .reshard
                case 8 where ASCII.equals(path, "/slowlog"): .slowLog
                case 11 where ASCII.equals(path, "/admin/stop"): .adminStop
                case 12 where ASCII.equals(path, "/admin/start"): .adminStart
                case 17 where ASCII.equals(path, "/admin/switchover"): .adminSwitchover
                case 25 where ASCII.equals(path, "/get-next-replication-key"): .nextReplicationKey
                case 28 where ASCII.equals(path, "/delete-next-replication-key"): .deleteNextReplicationKey
                default: nil
                }
            guard let route else { return nil }
            self = route
        }

        /// The value of an `Allow` header.
        var allowed: String {
            switch self {
            case .put, .delete, .clean: "GET, POST"
            // Taking a record away must be possible only as the paper has it, and never by a HEAD.
            case .nextReplicationKey, .deleteNextReplicationKey: "GET"
            case .get, .list, .status, .reshard, .slots, .health, .ready, .metrics, .slowLog: "GET, HEAD"
            case .key: "GET, HEAD, PUT, DELETE"
            case .adminStart, .adminStop, .adminSwitchover: "POST"
            }
        }

        func allows(_ method: HTTPRequest.Method) -> Bool {
            switch self {
            case .put, .delete, .clean: method == .get || method == .post
            case .nextReplicationKey, .deleteNextReplicationKey: method == .get
            case .get, .list, .status, .reshard, .slots, .health, .ready, .metrics, .slowLog:
                method == .get || method == .head
            case .key: method == .get || method == .head || method == .put || method == .delete
            case .adminStart, .adminStop, .adminSwitchover: method == .post
            }
        }
    }
}
