import Terminal

/// A command for a shell, as it can be typed there.
enum ShellCommand {
    /// `shoal NAME` about the cluster of this console.
    /// - Parameter data: whether it has to name the data folder, too.
    static func shoal(_ name: String, _ options: ConsoleOptions, data: Bool = false) -> String {
        var words = ["shoal", name]
        if let file = options.configFile { words += ["--config-file", quoted(file)] }
        if data, let folder = options.dataDirectory { words += ["--data-dir", quoted(folder)] }
        return words.joined(separator: " ")
    }

    /// One word of a shell, whatever stands in it.
    static func quoted(_ word: String) -> String {
        let isPlain = word.unicodeScalars.allSatisfy { scalar in
            ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                || "/._-+:,@%".unicodeScalars.contains(scalar)
        }
        guard !isPlain || word.isEmpty else { return word }
        return "'\(word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''"))'"
    }
}
