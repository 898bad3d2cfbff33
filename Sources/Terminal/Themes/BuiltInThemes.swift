/// The shipped themes, compiled in so that a lone binary has them. They are the files in `themes/`, which the build
/// puts into `PackageResources`.
package enum BuiltInThemes {
    package static let names = files.map(\.name)

    /// The text of a shipped theme; nil if there is none of that name.
    static func text(_ name: String) -> String? {
        files.first { $0.name == name }.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    private static let files: [(name: String, bytes: [UInt8])] = [
        ("ansi-16", PackageResources.ansi_16_theme),
        ("colour-blind", PackageResources.colour_blind_theme),
        ("dark", PackageResources.dark_theme),
        ("high-contrast", PackageResources.high_contrast_theme),
        ("light", PackageResources.light_theme),
        ("mono", PackageResources.mono_theme),
        ("solarized-dark", PackageResources.solarized_dark_theme),
        ("solarized-light", PackageResources.solarized_light_theme),
    ]
}
