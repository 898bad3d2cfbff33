import Storage

/// A client that speaks neither RESP nor HTTP/1.
extension ConnectionHandler {
    /// Ends the connection: nothing is answered, and nothing that was sent or still comes is executed.
    func endForOtherProtocol() {
        isClosing = true
        loop.noteOtherProtocol(from: remoteAddress)
    }
}
