import Model
import Testing

@Suite struct NodeAddressTests {
    @Test(arguments: [
        ("127.0.0.2:8080", "127.0.0.2", 8080), ("localhost:1", "localhost", 1), ("[::1]:65535", "::1", 65535),
        ("my-host.example:80", "my-host.example", 80),
    ])
    func readsAndPrints(text: String, host: String, port: Int) throws {
        let address = try NodeAddress(text)
        #expect(address.host == host)
        #expect(Int(address.port) == port)
        #expect(address.description == text)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", ":80", "host:0", "host:65536", "host:-1", "host:+1", "host:x", "host:8 0",
        "::1:8080", "[::1]", "[::1", "[::1]:", "[]:80", "[host]:80", "a b:80", "a/b:80", "300.0.0.1:80", "1.2.3:80",
        "http://host:80",
    ])
    func refuses(text: String) {
        #expect(throws: RoutingError.self) { try NodeAddress(text) }
    }

    @Test func oneSpellingPerAddress() throws {
        #expect(try NodeAddress("[0:0:0:0:0:0:0:1]:80") == NodeAddress("[::1]:80"))
        #expect(try NodeAddress("LocalHost:80") == NodeAddress("localhost:80"))
    }

    @Test func folderNamesAreSafe() throws {
        #expect(try NodeAddress("127.0.0.2:8080").folderName == "127.0.0.2_8080")
        #expect(try NodeAddress("[::1]:8080").folderName == "__1_8080")
    }
}
