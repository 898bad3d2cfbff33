// A second process for the tests of the `local` coordinator: CoordinationTestPeer COMMAND FOLDER [ARGUMENTS].

import Coordination
import Glibc
import Storage

func say(_ text: String) {
    print(text)
    fflush(nil)
}

/// Until a signal ends the process.
func rest() async {
    while true { try? await Task.sleep(for: .seconds(3600)) }
}

/// Raises the number in `key` by one, `times` times, against all others who do so.
func raise(_ backend: LocalBackend, _ key: String, _ times: Int) async throws {
    var done = 0
    while done < times {
        let entry = try await backend.read(key, isExact: true, timeout: .seconds(30)).entries.first
        let number = entry.flatMap { Int(String(decoding: $0.value, as: UTF8.self)) } ?? 0
        let outcome = try await backend.transact(
            [.unchanged(key: key, revision: entry?.revision ?? 0)],
            [.put(key: key, value: Array("\(number + 1)".utf8))],
            reading: [],
            timeout: .seconds(30)
        )
        if case .committed = outcome { done += 1 }
    }
}

/// Answers every change of `ping` by writing the same to `pong`.
func echo(_ backend: LocalBackend) async throws {
    for await event in backend.watch("ping") {
        guard case .changes(let changes, _) = event else { continue }
        for case .put(let entry) in changes {
            let operation = CoordinatorOperation.put(key: "pong", value: entry.value)
            _ = try await backend.transact([], [operation], reading: [], timeout: .seconds(10))
        }
        say("listening")
    }
}

/// Keeps the lock, and says in the folder who has it, as the coordinator does.
@MainActor func hold(_ transaction: SharedTableTransaction, in folder: String) async {
    let holder = open(folder + "/holder", O_WRONLY)
    let text = "\(getpid())               "
    _ = pwrite(holder, text, 16, 0)
    say("holding")
    await rest()
    transaction.abort()
}

let words = CommandLine.arguments
guard words.count >= 3 else {
    say("usage: CoordinationTestPeer raise|session|echo|idle|hold|hold-sessions|die FOLDER [ARGUMENTS]")
    exit(2)
}
let (command, folder) = (words[1], words[2])

switch (command, words.dropFirst(3).map { $0 }) {
case ("raise", let rest) where rest.count == 2:
    let backend = try LocalBackend(folder: folder)
    try await raise(backend, rest[0], Int(rest[1]) ?? 0)
    await backend.close()
    say("done")
case ("session", let arguments) where arguments.count == 2:
    let backend = try LocalBackend(folder: folder)
    let lease = try await backend.grantSession(ttl: UInt64(arguments[0]) ?? 2_000, timeout: .seconds(10))
    let operation = CoordinatorOperation.put(key: arguments[1], value: Array("held".utf8), session: lease.id)
    _ = try await backend.transact([], [operation], reading: [], timeout: .seconds(10))
    say("session \(lease.id)")
    await rest()
case ("echo", _):
    try await echo(try LocalBackend(folder: folder))
case ("idle", _):
    let backend = try LocalBackend(folder: folder)
    for await _ in backend.watch("") { say("listening") }
case ("hold", _), ("die", _):
    // Takes the file's write lock as a process does that is stopped, or killed, in the middle of a transaction.
    let transaction = try SharedTable(folder: folder).beginWrite()
    try transaction.put(Array("kunfinished".utf8), [UInt8](repeating: 1, count: 100_000))
    if command == "die" { kill(getpid(), SIGKILL) }
    await hold(transaction, in: folder)
case ("hold-sessions", _):
    // The same with the lock of the sessions' own file.
    let sessions = "\(folder)/sessions"
    let table = try SharedTable(folder: "\(sessions)/\(BootClock.bootID() ?? "")", isOfOneBoot: true)
    await hold(try table.beginWrite(), in: sessions)
default:
    say("unknown command \(command)")
    exit(2)
}
