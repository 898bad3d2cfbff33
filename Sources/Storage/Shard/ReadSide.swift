import Glibc

/// One reader's side of the lock around what is visible. A reader holds its own side only, which nobody else takes but who
/// changes something, and then all of them: so readers on several cores never wait for each other, and one that reads many
/// keys pays for one lock.
///
/// For one thread at a time.
package final class ReadSide: @unchecked Sendable {
    // Sendable: the mutex is made to be shared and its pointer never changes; `isInside` is the reader's own.
    private static let bytes = 64

    /// On a cache line of its own.
    let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private var isInside = false

    init() {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: ReadSide.bytes, alignment: ReadSide.bytes)
        mutex = memory.bindMemory(to: pthread_mutex_t.self, capacity: 1)
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        UnsafeMutableRawPointer(mutex).deallocate()
    }

    /// Nothing changes until `leave`. The reader does nothing meanwhile that waits: no lock, no disk.
    @inline(__always)
    func enter() {
        if isInside { return }
        pthread_mutex_lock(mutex)
        isInside = true
    }

    @inline(__always)
    func leave() {
        guard isInside else { return }
        isInside = false
        pthread_mutex_unlock(mutex)
    }
}
