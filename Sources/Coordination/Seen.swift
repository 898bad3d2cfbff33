/// A value of the coordinator's with the revision to compare when it is changed; nil and 0 while there is none.
package struct Seen<Value: Sendable>: Sendable {
    package var value: Value?
    package var revision: UInt64

    package init(value: Value?, revision: UInt64) {
        self.value = value
        self.revision = revision
    }
}
