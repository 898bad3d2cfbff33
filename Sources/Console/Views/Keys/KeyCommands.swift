import Terminal

/// Keys and values: named as the subcommands of `shoal` that do the same.
enum KeyCommands {
    static let all: [ConsoleCommand] = [
        ConsoleCommand(
            name: "keys",
            keys: [.character("5")],
            handler: .view(.keys),
            description: "keys and values of all shards",
            hint: .otherView("keys")
        ),
        ConsoleCommand(
            name: "scan",
            argument: .text,
            keys: [.character("/")],
            handler: .scan,
            description: "keys that begin with this",
            hint: .inView("prefix"),
            views: [.keys]
        ),
        ConsoleCommand(name: "get", argument: .text, handler: .get, description: "show the value of a key"),
        ConsoleCommand(
            name: "put",
            argument: .text,
            handler: .put,
            description: "write: a key, a space, its value",
            isMutating: true
        ),
        ConsoleCommand(
            name: "edit",
            keys: [.character("e")],
            handler: .edit,
            description: "change the value of the key",
            isMutating: true,
            hint: .onKey("edit"),
            views: [.keys]
        ),
        ConsoleCommand(
            name: "del",
            argument: .text,
            keys: [.character("d")],
            handler: .delete,
            description: "delete a key; asks for its name",
            isMutating: true,
            hint: .onKey("delete"),
            views: [.keys]
        ),
        ConsoleCommand(
            name: "expire",
            argument: .text,
            keys: [.character("u")],
            handler: .expire,
            description: "seconds the key lives, or never",
            isMutating: true,
            hint: .onKey("time to live"),
            views: [.keys]
        ),
        ConsoleCommand(
            name: "form",
            argument: .form,
            keys: [.character("v")],
            handler: .form,
            description: "values as text, hex or json",
            hint: .onKey("form"),
            views: [.keys]
        ),
        ConsoleCommand(
            name: "reload",
            keys: [.character("r")],
            handler: .reload,
            description: "list the keys anew, read the value again",
            hint: .inView("reload"),
            views: [.keys]
        ),
    ]
}
