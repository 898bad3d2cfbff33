import Foundation

/// A folder of its own for one test, removed with it.
package final class TestFolder: Sendable {
    package let path: String

    package init() throws {
        var template = Array("/tmp/shoal-coordination.XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw TestFailure("mkdtemp: errno \(errno)") }
        path = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
