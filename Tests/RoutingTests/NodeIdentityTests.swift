import Model
import Routing
import Testing

@Suite struct NodeIdentityTests {
    @Test func identityDependsOnClusterAndAddress() throws {
        let address = try NodeAddress("127.0.0.2:8080")
        let id = NodeIdentity.id(cluster: "demo", address: address)
        #expect(id.utf8.count == 40)
        #expect(id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) })
        #expect(id == NodeIdentity.id(cluster: "demo", address: address))
        #expect(id != NodeIdentity.id(cluster: "other", address: address))
        #expect(id != NodeIdentity.id(cluster: "demo", address: try NodeAddress("127.0.0.2:8081")))
    }
}
