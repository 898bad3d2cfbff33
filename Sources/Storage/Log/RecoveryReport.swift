/// What opening a log found.
package struct RecoveryReport: Sendable, Hashable {
    /// Whole batches in the log.
    package var batches = 0
    /// Records in them.
    package var records = 0
    /// Bytes of an unfinished batch that were cut off the end, 0 if there was none.
    package var tornBytes = 0
    /// The segment file the log ends in.
    package var segment = ""
    /// The byte offset in it where the log ends.
    package var offset = 0

    package init() {}
}
