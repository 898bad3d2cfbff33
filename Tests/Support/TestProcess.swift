import Foundation
import Synchronization

/// A process that a test started; killed, by its id, when the test lets go of it.
package final class TestProcess: Sendable {
    package let pid: pid_t
    /// What it wrote, stdout and stderr.
    package let output: String
    private let isReaped = Mutex(false)

    package init(_ command: [String], output: String) throws {
        self.output = output
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid: pid_t = 0
        let failure = posix_spawnp(&pid, command[0], &actions, &attributes, &arguments, environ)
        guard failure == 0 else {
            throw TestFailure("can't start \(command[0]): \(String(cString: strerror(failure)))")
        }
        self.pid = pid
    }

    deinit { end() }

    package func signal(_ number: Int32) {
        isReaped.withLock { if !$0 { kill(pid, number) } }
    }

    /// Kills it, as a crash would, and waits.
    package func end() {
        isReaped.withLock { isReaped in
            guard !isReaped else { return }
            kill(pid, SIGKILL)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            isReaped = true
        }
    }

    /// Its exit code once it has ended by itself, 128 + number for a signal; nil while it runs.
    package func ended() -> Int32? {
        isReaped.withLock { isReaped in
            var status: Int32 = 0
            guard !isReaped, waitpid(pid, &status, WNOHANG) == pid else { return nil }
            isReaped = true
            return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
        }
    }

    package var text: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }

    package func waitForText(_ expected: String, within limit: Duration = .seconds(20)) async throws {
        guard try await eventually(within: limit, { self.text.contains(expected) }) else {
            throw TestFailure("process \(pid) did not say \"\(expected)\" but: \(text.suffix(2000))")
        }
    }
}
