import Model

extension HTTPFetchResponse {
    private struct Document: Decodable {
        struct Details: Decodable { var message: String }
        var error: Details
    }

    /// Why a node did not do what it was asked, in its own words (`HTTPError`); the status where it has none.
    package var refusal: String {
        StatusJSON.decode(Document.self, from: body)?.error.message ?? "HTTP status \(status)"
    }
}
