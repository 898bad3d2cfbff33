import FaultDisk
import Foundation

/// A folder on a disk that forgets and fails as told (`FaultDisk`), of one test.
///
/// `@unchecked Sendable`: constants, and the disk's own lock.
package final class TestDisk: @unchecked Sendable {
    /// How names become durable.
    package enum Rule: Int32, CaseIterable, Sendable {
        /// Each with the sync of its folder.
        case posix
        /// In their order, with any sync: ext4, XFS.
        case oneJournal
    }

    package enum Call: UInt32, Sendable {
        case open = 1, write, sync, folderSync, rename, unlink, allocate
    }

    package let root: String
    private let number: Int32

    package init(_ rule: Rule) throws {
        root = FileManager.default.temporaryDirectory.path + "/shoal-disk-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        number = fault_disk_add(root, rule.rawValue)
        guard number >= 0 else { throw TestFailure("no fault disk left for \(root)") }
    }

    deinit {
        fault_disk_remove(number)
        try? FileManager.default.removeItem(atPath: root)
    }

    /// Lets calls on paths with `match` fail: not the first `after`, then `times` of them (-1: all).
    package func fail(_ call: Call, _ match: String = "", error: Int32, after: Int = 0, times: Int = 1) {
        fault_disk_fail(number, Int32(call.rawValue), match, error, Int32(after), Int32(times))
    }

    /// Ends all faults.
    package func heal() { fault_disk_heal(number) }

    /// Syncs do nothing from now on.
    package func lie() { fault_disk_lie(number, 1) }

    /// The power goes before the call after that many more.
    package func cutPower(afterCalls calls: Int, seed: UInt64) { fault_disk_cut_power(number, Int32(calls), seed) }

    package var isCut: Bool { fault_disk_is_cut(number) != 0 }

    /// Everything is closed: leaves what the disk had when the power went, which is now if it has not gone yet.
    package func restart() throws {
        guard fault_disk_restart(number) == 0 else { throw TestFailure("can't restart \(root): errno \(errno)") }
    }
}
