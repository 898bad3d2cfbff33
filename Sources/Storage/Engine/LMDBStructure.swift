import Glibc
import Model

/// Checks an LMDB file before LMDB opens it, which believes each byte: a flipped bit in what holds the pages together would
/// crash it, hide keys, or have it write over pages that are in use.
///
/// Read are the pages that lead to others, and the list of free ones. Leaves are most of a file, and what is in them is checked
/// at each read; those of a small file are read, too.
package struct LMDBStructure: ~Copyable {
    /// Files up to this size are read whole: less than half a second from a cold disk.
    package static let wholeBytesMax = 256 << 20
    private static let magic: UInt32 = 0xBEEF_C0DE
    private static let version: UInt32 = 1
    private static let pageBytesRange = 512...65_536
    private static let depthMax = 32
    /// `md_root` of an empty table.
    private static let none = UInt64.max

    /// A table's own record.
    private struct Table {
        static let byteCount = 48
        var flags: UInt16
        var depth: Int
        var entries: UInt64
        var root: UInt64

        init(_ page: LMDBPage, at offset: Int) {
            flags = page.load(offset + 4)
            depth = Int(page.load(offset + 6) as UInt16)
            entries = page.load(offset + 32)
            root = page.load(offset + 40)
        }
    }

    private let file: Int32
    private let path: String
    private let pageBytes: Int
    private let readsLeaves: Bool
    private var lastPage: UInt64 = 0
    private var used: [UInt64] = []

    /// - Parameter path: of `data.mdb`; one that is not there, or empty, is new.
    /// - Throws: `.corrupt` naming the page and what is wrong with it, `.io`.
    package static func check(_ path: String, wholeBytesMax: Int = wholeBytesMax) throws(StorageError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        if file < 0, errno == ENOENT { return }
        guard file >= 0 else { throw FolderListing.error(errno, "cannot open \(path)") }
        defer { close(file) }
        let size = lseek(file, 0, SEEK_END)
        guard size > 0 else { return }
        var structure = LMDBStructure(file, path, readsLeaves: size <= wholeBytesMax)
        try structure.checkAll(fileBytes: size)
    }

    private init(_ file: Int32, _ path: String, readsLeaves: Bool) {
        self.file = file
        self.path = path
        self.readsLeaves = readsLeaves
        pageBytes = Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    private func damaged(_ page: UInt64, _ what: String) -> StorageError {
        let text = "\(path) is damaged at page \(page) (byte \(page &* UInt64(pageBytes))): \(what)"
        return StorageError(.corrupt, text + "; check the disk, then take a new copy from a replica or a backup")
    }

    private mutating func checkAll(fileBytes: Int) throws(StorageError) {
        let metas = [try meta(0), try meta(1)]
        let newest = metas[0].transaction < metas[1].transaction ? metas[1] : metas[0]
        // Pages that were given back before they were written may lie beyond the file's end, but not so many.
        let most = UInt64(fileBytes / pageBytes * 2 + (1 << 16))
        guard newest.lastPage < most else { throw damaged(newest.number, "the last page would be \(newest.lastPage)") }
        lastPage = newest.lastPage
        used = [UInt64](repeating: 0, count: Int(lastPage / 64) + 1)
        for page in 0...UInt64(1) { try take(page, from: newest.number) }
        var tables: [Table] = []
        try walk(newest.main, readsLeaves: true) { page, index, node throws(StorageError) in
            guard node.flags == LMDBPage.table, node.value.count == Table.byteCount else {
                throw StorageError(.corrupt, "entry \(index) of the list of tables is none")
            }
            tables.append(Table(LMDBPage(node.value), at: 0))
        }
        for table in tables { try walk(table, readsLeaves: readsLeaves) { _, _, _ in } }
        try checkFree(newest.free)
    }

    private struct Meta {
        var number: UInt64
        var free: Table
        var main: Table
        var lastPage: UInt64
        var transaction: UInt64
    }

    private func meta(_ number: UInt64) throws(StorageError) -> Meta {
        let bytes = try read(number)
        return try bytes.withRawBytes { bytes throws(StorageError) in
            let page = LMDBPage(bytes)
            guard page.number == number, page.flags == LMDBPage.meta, page.load(16) == Self.magic,
                page.load(20) == Self.version, page.load(24) == UInt64(0), page.load(40) == UInt32(pageBytes)
            else { throw damaged(number, "it is no meta page of LMDB's format 1") }
            return Meta(
                number: number,
                free: Table(page, at: 40),
                main: Table(page, at: 88),
                lastPage: page.load(136),
                transaction: page.load(144)
            )
        }
    }

    private func read(_ page: UInt64, count: Int = 1) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: pageBytes * count)
        let read = bytes.withUnsafeMutableBytes {
            pread(file, $0.baseAddress, $0.count, off_t(page) * off_t(pageBytes))
        }
        if read < 0 { throw FolderListing.error(errno, "cannot read \(path)") }
        guard read == bytes.count else { throw damaged(page, "the file ends before it does") }
        return bytes
    }

    /// Notes that a page is in use, once.
    private mutating func take(_ page: UInt64, count: UInt64 = 1, from parent: UInt64) throws(StorageError) {
        guard page <= lastPage, count <= lastPage - page + 1 else {
            throw damaged(parent, "it points to page \(page), and the last one is \(lastPage)")
        }
        for number in page..<(page + count) {
            let (index, bit) = (Int(number / 64), UInt64(1) << (number % 64))
            guard used[index] & bit == 0 else { throw damaged(parent, "page \(number) is in use twice") }
            used[index] |= bit
        }
    }

    /// One page and those below it that are still to be looked at.
    private struct Step {
        var page: UInt64
        var parent: UInt64
        var depth: Int
        /// All keys are at least `low` and less than `high`.
        var low: [UInt8]?
        var high: [UInt8]?
    }

    /// Goes through a table, in the order of its keys.
    private mutating func walk(
        _ table: Table,
        readsLeaves: Bool,
        isIntegerKeyed: Bool = false,
        _ body: (_ page: UInt64, _ index: Int, _ node: LMDBPage.Node) throws(StorageError) -> Void
    ) throws(StorageError) {
        if table.root == Self.none { return }
        guard (1...Self.depthMax).contains(table.depth) else {
            throw damaged(0, "a table is \(table.depth) pages deep")
        }
        var steps = [Step(page: table.root, parent: 0, depth: 1)]
        var entries: UInt64 = 0
        while let step = steps.popLast() {
            try take(step.page, from: step.parent)
            let isLeaf = step.depth == table.depth
            if isLeaf, !readsLeaves { continue }
            let bytes = try read(step.page)
            try bytes.withRawBytes { bytes throws(StorageError) in
                var page = LMDBPage(bytes)
                page.isIntegerKeyed = isIntegerKeyed
                if let flaw = page.flaw(as: isLeaf ? LMDBPage.leaf : LMDBPage.branch, number: step.page) {
                    throw damaged(step.page, flaw)
                }
                guard isLeaf else { return try descend(page, step, isIntegerKeyed, &steps) }
                entries += UInt64(page.count)
                if !isIntegerKeyed { try checkBounds(page, step) }
                try leaf(page, step.page, body)
            }
        }
        if readsLeaves, entries != table.entries {
            throw damaged(table.root, "its table has \(entries) entries, not \(table.entries)")
        }
    }

    private func descend(
        _ page: LMDBPage,
        _ step: Step,
        _ isIntegerKeyed: Bool,
        _ steps: inout [Step]
    ) throws(StorageError) {
        guard page.count >= 1 else { throw damaged(step.page, "it points to no page") }
        if !isIntegerKeyed { try checkBounds(page, step) }
        var high = step.high
        for index in (0..<page.count).reversed() {
            guard let node = page.node(index) else { throw damaged(step.page, "its node \(index) is not within it") }
            let low = index == 0 ? step.low : Array(node.key)
            steps.append(Step(page: node.child, parent: step.page, depth: step.depth + 1, low: low, high: high))
            high = low
        }
    }

    private func checkBounds(_ page: LMDBPage, _ step: Step) throws(StorageError) {
        let first = page.flags == LMDBPage.branch ? 1 : 0
        guard page.count > first, let lowest = page.node(first), let highest = page.node(page.count - 1) else { return }
        let isLow = step.low.map { low in low.withUnsafeBytes { compareKeys($0, lowest.key) <= 0 } } ?? true
        let isHigh = step.high.map { high in high.withUnsafeBytes { compareKeys(highest.key, $0) < 0 } } ?? true
        guard isLow, isHigh else { throw damaged(step.page, "its keys are not those that lead to it") }
    }

    private mutating func leaf(
        _ page: LMDBPage,
        _ number: UInt64,
        _ body: (_ page: UInt64, _ index: Int, _ node: LMDBPage.Node) throws(StorageError) -> Void
    ) throws(StorageError) {
        for index in 0..<page.count {
            guard let node = page.node(index) else { throw damaged(number, "its node \(index) is not within it") }
            do throws(StorageError) {
                try body(number, index, node)
            } catch {
                throw damaged(number, error.message)
            }
            switch node.flags {
            case 0, LMDBPage.table: break
            case LMDBPage.bigData: _ = try overflow(node, number, reads: readsLeaves)
            default: throw damaged(number, "its node \(index) is of kind \(node.flags)")
            }
        }
    }

    /// The pages of a value that fills its own.
    private mutating func overflow(
        _ node: LMDBPage.Node,
        _ parent: UInt64,
        reads: Bool
    ) throws(StorageError) -> UInt64 {
        let first = UInt64(littleEndian: node.value.loadUnaligned(as: UInt64.self))
        let count = UInt64((LMDBPage.headerBytes - 1 + Int(node.low)) / pageBytes + 1)
        try take(first, count: count, from: parent)
        guard reads else { return first }
        let bytes = try read(first)
        try bytes.withRawBytes { bytes throws(StorageError) in
            let page = LMDBPage(bytes)
            guard page.number == first, page.flags == LMDBPage.overflow, UInt64(page.pages) == count else {
                throw damaged(first, "it does not begin a value of \(node.low) bytes")
            }
        }
        return first
    }

    /// Pages that will be written anew must not be in use, nor be free twice.
    private mutating func checkFree(_ table: Table) throws(StorageError) {
        var lists: [(page: UInt64, bytes: [UInt8])] = []
        var large: [(page: UInt64, first: UInt64, bytes: Int)] = []
        try walk(table, readsLeaves: true, isIntegerKeyed: true) { page, _, node throws(StorageError) in
            if node.flags == LMDBPage.bigData {
                large.append((page, UInt64(littleEndian: node.value.loadUnaligned(as: UInt64.self)), Int(node.low)))
            } else {
                lists.append((page, Array(node.value)))
            }
        }
        for list in large {
            let count = (LMDBPage.headerBytes - 1 + list.bytes) / pageBytes + 1
            let bytes = try read(list.first, count: count)
            lists.append((list.page, Array(bytes[LMDBPage.headerBytes..<(LMDBPage.headerBytes + list.bytes)])))
        }
        for list in lists { try checkFree(list.bytes, of: list.page) }
    }

    private mutating func checkFree(_ bytes: [UInt8], of page: UInt64) throws(StorageError) {
        let numbers = bytes.withUnsafeBytes { bytes in
            (0..<(bytes.count / 8)).map {
                UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self))
            }
        }
        guard let count = numbers.first, count < UInt64(numbers.count) else {
            throw damaged(page, "a list of free pages is not as long as it says")
        }
        for number in numbers[1...Int(count)] {
            guard number >= 2 else { throw damaged(page, "page \(number) would be free") }
            try take(number, from: page)
        }
    }
}
