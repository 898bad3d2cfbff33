/// What became of a theme that was to be shown.
package enum ThemeNews: Hashable, Sendable {
    /// It is on the screen; `names` are all that there are now.
    case shown(name: String, names: [String])
    /// It can't be used, `message` says where and why (`file:line: what`); `shown` stays on the screen.
    case broken(name: String, shown: String, message: String)
}
