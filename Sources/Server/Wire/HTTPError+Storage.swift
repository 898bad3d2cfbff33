import Storage

extension HTTPError {
    /// What a failure of the store is to a client: 503 when trying again, here or at another node, may help; 500 when
    /// someone has to look at the disk first.
    package init(_ error: StorageError) {
        let (code, mayPass): (String, Bool) =
            switch error.code {
            case .io: ("io", false)
            case .diskFull: ("disk_full", true)
            case .corrupt, .damaged: ("corrupt", false)
            case .foreignFolder: ("foreign_folder", false)
            case .locked: ("locked", true)
            case .engine, .engineLost: ("engine", false)
            case .outOfRange: ("out_of_range", false)
            case .logCut: ("log_cut", true)
            case .closed, .cold: ("closed", true)
            case .notLeader: ("no_leader", true)
            case .tooFewInSync: ("not_enough_in_sync", true)
            }
        self.init(mayPass ? 503 : 500, code, error.message, retryAfterSeconds: mayPass ? 1 : nil)
    }
}
