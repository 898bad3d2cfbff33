import Server
import Storage
import Testing

@Suite struct HTTPStorageErrorTests {
    /// The contract's codes are in snake case; every one of the storage's has one, and no two the same.
    @Test func everyStorageCodeHasItsOwn() {
        let expected: [(StorageError.Code, Int, String)] = [
            (.io, 500, "io"), (.diskFull, 503, "disk_full"), (.corrupt, 500, "corrupt"),
            (.foreignFolder, 500, "foreign_folder"), (.locked, 503, "locked"), (.engine, 500, "engine"),
            (.outOfRange, 500, "out_of_range"), (.logCut, 503, "log_cut"),
            (.closed, 503, "closed"), (.notLeader, 503, "no_leader"), (.tooFewInSync, 503, "not_enough_in_sync"),
        ]
        for (code, status, text) in expected {
            let error = HTTPError(StorageError(code, "why"))
            #expect(error.status == status && error.code == text && error.message == "why", "\(code)")
            #expect((error.retryAfterSeconds != nil) == (status == 503), "\(code)")
            #expect(text.allSatisfy { $0.isLowercase || $0 == "_" }, "\(code)")
        }
        #expect(Set(expected.map(\.2)).count == expected.count)
    }
}
