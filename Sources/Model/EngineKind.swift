/// Which library keeps the values at rest.
package enum EngineKind: String, Sendable, CaseIterable, Codable {
    case lmdb
    case rocksdb
}
