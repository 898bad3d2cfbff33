extension ConfirmDialog {
    /// The question before the console, and what runs in it, ends.
    static func quit(embedded count: Int) -> ConfirmDialog {
        ConfirmDialog(
            title: "Quit",
            lines: [
                "\(NumberFormat.counted(count, "node")) \(count == 1 ? "runs" : "run") inside this console and "
                    + "\(count == 1 ? "stops" : "stop") with it.",
                "No keys are lost: they are there at the next start.",
            ],
            verb: "Quit",
            action: .quit
        )
    }
}
