import Foundation
import Model
import Server
import Testing

extension TestCluster {
    /// Waits until every place tells of that trouble of a node: its status, `shoal status`, `shoal doctor`, `/metrics`, the
    /// log and, if the node's part is down, `/readyz`.
    /// - Returns: how long that took.
    @discardableResult
    func expectTrouble(
        _ code: Health.Code,
        of member: Member,
        within limit: Duration = .seconds(10),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Duration {
        let begun = ContinuousClock.now
        var silent: [String] = []
        _ = try await Poll.until(within: limit) {
            silent = try await placesSilent(about: code, of: member)
            return silent.isEmpty
        }
        #expect(silent.isEmpty, "not told of \(code.rawValue) by: \(silent)", sourceLocation: sourceLocation)
        return begun.duration(to: .now)
    }

    private func placesSilent(about code: Health.Code, of member: Member) async throws -> [String] {
        var silent: [String] = []
        let health = try? await status(of: member).health
        let reason = health?.reasons.first { $0.code == code }
        if reason == nil { silent.append("status") }
        if reason?.severity == .down {
            let ready = try? await HTTPFetch.request(method: "GET", address: member.listen, path: "/readyz")
            if ready?.status != 503 { silent.append("/readyz") }
        }
        let metrics = try? await HTTPFetch.request(method: "GET", address: member.listen, path: "/metrics")
        let text = String(decoding: metrics?.body ?? [], as: UTF8.self)
        if !text.contains("shoal_health_reason{") || !text.contains("code=\"\(code.rawValue)\"") {
            silent.append("/metrics")
        }
        let logged = String(decoding: TestFolder.read(log(of: member)), as: UTF8.self)
        if !logged.contains("code=\(code.rawValue)") { silent.append("the log") }
        if !silent.isEmpty { return silent }
        let told = try await ShoalBinary.run("status", config: configFile)
        if !told.text.contains("[\(code.rawValue)]") { silent.append("shoal status") }
        if try await status().health.reasons.contains(where: { $0.code == code }) == false {
            silent.append("shoal status --json")
        }
        let doctor = try await ShoalBinary.run("doctor", "--json", config: configFile)
        if doctor.exit != .code(1) || !doctor.text.contains("\"\(code.rawValue)\"") { silent.append("shoal doctor") }
        return silent
    }

    /// Until nobody tells of any trouble any more.
    func expectHealthy(within limit: Duration = .seconds(30), sourceLocation: SourceLocation = #_sourceLocation)
        async throws
    {
        var health = Health([])
        let isWell = try await Poll.until(within: limit) {
            health = try await status().health
            return health.state == .ok
        }
        #expect(isWell, "\(health)", sourceLocation: sourceLocation)
    }
}
