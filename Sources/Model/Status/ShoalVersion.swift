/// The version of this build, said by every node's status and by `shoal --version`.
package enum ShoalVersion {
    package static let current = "0.1.0"
}
