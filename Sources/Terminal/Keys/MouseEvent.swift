/// Something the mouse did, at a cell of the screen. Positions are what the terminal says: they may lie anywhere.
package struct MouseEvent: Hashable, Sendable {
    package enum Kind: Hashable, Sendable { case press, wheelUp, wheelDown }

    package var kind: Kind
    /// Column and row, from 0.
    package var x: Int
    package var y: Int

    package init(_ kind: Kind, x: Int, y: Int) {
        self.kind = kind
        self.x = x
        self.y = y
    }
}
