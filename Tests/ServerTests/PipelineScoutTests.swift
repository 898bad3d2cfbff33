import Server
import Storage
import Testing

/// What is looked at ahead in a pipeline is a hint: only how far it goes can be seen.
@Suite struct PipelineScoutTests {
    private func get(_ key: String) -> String { "*2\r\n$3\r\nGET\r\n$\(key.utf8.count)\r\n\(key)\r\n" }

    /// Where the scout stands after one look at `input` from `offset` on.
    private func end(of input: String, from offset: Int = 0) async throws -> Int {
        let server = try await ServerFixture()
        let port = server.store.makePort()
        let end = look(input, offset, server.store, port)
        server.store.removePort(port)
        try await server.stop()
        return end
    }

    private func look(_ input: String, _ offset: Int, _ store: ShardStore, _ port: StorePort) -> Int {
        var scout = PipelineScout()
        Array(input.utf8).withUnsafeBytes { scout.look($0, from: offset, store, port) }
        store.leave(port)
        return scout.end
    }

    @Test func looksAtSixteenCommands() async throws {
        let command = get("key")
        let input = String(repeating: command, count: 40)
        #expect(try await end(of: input) == 16 * command.utf8.count)
        #expect(try await end(of: input, from: command.utf8.count) == 17 * command.utf8.count)
    }

    @Test func isDoneWithAShorterPipeline() async throws {
        let input = get("a") + get("b")
        #expect(try await end(of: input) == input.utf8.count)
    }

    @Test func doesNotComeBackToAnUnfinishedCommand() async throws {
        let input = get("a") + "*2\r\n$3\r\nGET\r\n$100\r\nxx"
        #expect(try await end(of: input) == input.utf8.count)
    }

    @Test func takesCommandsWithoutKeysAndLongKeysAsTheyAre() async throws {
        let input = "PING\r\n" + get(String(repeating: "k", count: 4_000)) + get("a") + "*-1\r\n" + get("b")
        #expect(try await end(of: input) == input.utf8.count)
    }
}
