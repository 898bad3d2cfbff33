/// Where the arguments of one command stand in the read buffer: offsets, no copies. Reused from command to command.
package struct ArgumentList: ~Copyable {
    struct Place {
        var start: Int
        var count: Int
    }

    private var ranges: UnsafeMutablePointer<Place>
    private var capacity: Int
    package private(set) var count = 0

    package init() {
        capacity = 64
        ranges = .allocate(capacity: 64)
    }

    deinit { ranges.deallocate() }

    mutating func removeAll() { count = 0 }

    /// All arguments stand `distance` bytes further on (negative: further in front) in the buffer from now on.
    mutating func move(by distance: Int) {
        for index in 0..<count { ranges[index].start += distance }
    }

    @inline(__always)
    mutating func append(start: Int, count length: Int) {
        if count == capacity { grow() }
        ranges[count] = Place(start: start, count: length)
        count += 1
    }

    /// The bytes of an argument; `buffer` is what was parsed.
    @inline(__always)
    package func bytes(_ index: Int, in buffer: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let range = ranges[index]
        return UnsafeRawBufferPointer(rebasing: buffer[range.start..<range.start + range.count])
    }

    /// The words over what was parsed; lives until the list is changed.
    @inline(__always)
    package func view(in buffer: UnsafeRawBufferPointer) -> Arguments { Arguments(ranges, count: count, in: buffer) }

    private mutating func grow() {
        let bigger = UnsafeMutablePointer<Place>.allocate(capacity: capacity * 2)
        bigger.moveInitialize(from: ranges, count: count)
        ranges.deallocate()
        ranges = bigger
        capacity *= 2
    }
}
