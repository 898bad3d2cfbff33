import Model
import Server
import Testing

/// Asks the members of a shard, one after the other, whether they lead: none may say so once another of a later term did.
final class LeaderWatch {
    private let cluster: TestCluster
    private let shard: Int
    private var newestTerm: UInt64 = 0
    /// The leader of the latest term so far, by its address.
    private(set) var newest: String?
    /// What each member said last.
    private(set) var statuses: [String: String] = [:]
    private var inSync: [String: Int] = [:]

    init(_ cluster: TestCluster, _ shard: Int) {
        self.cluster = cluster
        self.shard = shard
    }

    /// Members of the in-sync set, as that one said last.
    func inSyncCount(of member: TestCluster.Member) -> Int { inSync["\(member.address)"] ?? 0 }

    func look() async throws {
        for member in cluster.members(of: shard) {
            guard let status = try? await cluster.status(of: member), let leadership = status.leadership else {
                statuses["\(member.address)"] = "no answer"
                continue
            }
            statuses[status.address] = "\(status.role) \(status.state) \(leadership.term) \(status.message)"
            inSync[status.address] = leadership.members.count { $0.inSync }
            guard status.role == .leader else { continue }
            #expect(
                leadership.term >= newestTerm,
                "\(status.address) leads term \(leadership.term) after term \(newestTerm) of \(newest ?? "")"
            )
            if leadership.term > newestTerm { (newestTerm, newest) = (leadership.term, status.address) }
        }
    }
}
