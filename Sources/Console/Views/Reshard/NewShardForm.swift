import Model
import Resharding
import Terminal

/// Names and addresses of the shards that are to come, as they are typed.
package struct NewShardForm: Hashable, Sendable {
    package enum Field: Int, CaseIterable, Sendable { case name, address, replicas }

    /// One shard's line of fields.
    package struct Row: Hashable, Sendable {
        package var name: LineEditor
        package var address: LineEditor
        /// Addresses with commas between them.
        package var replicas: LineEditor

        package init(name: String = "", address: String = "", replicas: String = "") {
            self.name = LineEditor(name)
            self.address = LineEditor(address)
            self.replicas = LineEditor(replicas)
        }

        package subscript(field: Field) -> LineEditor {
            get {
                switch field {
                case .name: name
                case .address: address
                case .replicas: replicas
                }
            }
            set {
                switch field {
                case .name: name = newValue
                case .address: address = newValue
                case .replicas: replicas = newValue
                }
            }
        }

        /// The texts of all addresses, the leader's first.
        package var addresses: [String] {
            [address.text.trimmed]
                + replicas.text.split(separator: ",").map { String($0).trimmed }.filter { !$0.isEmpty }
        }
    }

    /// What the keyboard is on.
    package enum Focus: Hashable, Sendable {
        case field(row: Int, Field)
        case another
        case onward
    }

    /// More than anybody types; larger steps are for the command line.
    static let rowsMax = 16

    package private(set) var rows: [Row]
    package var focus = Focus.field(row: 0, .name)

    package init(rows: [Row] = [Row()]) { self.rows = rows.isEmpty ? [Row()] : rows }

    private var places: [Focus] {
        rows.indices.flatMap { row in Field.allCases.map { Focus.field(row: row, $0) } }
            + [.onward] + (rows.count < Self.rowsMax ? [.another] : [])
    }

    mutating func step(_ direction: Int) {
        let places = self.places
        let at = places.firstIndex(of: focus) ?? 0
        focus = places[min(max(0, at + direction), places.count - 1)]
    }

    /// To the same field of another row.
    mutating func stepRow(_ direction: Int) {
        guard case .field(let row, let field) = focus else { return step(direction) }
        if rows.indices.contains(row + direction) {
            focus = .field(row: row + direction, field)
        } else if direction > 0 {
            focus = .onward
        }
    }

    /// Types into the focused field.
    mutating func edit(_ change: (inout LineEditor) -> Void) {
        guard case .field(let row, let field) = focus, rows.indices.contains(row) else { return }
        change(&rows[row][field])
    }

    mutating func add(_ row: Row) {
        guard rows.count < Self.rowsMax else { return }
        rows.append(row)
        focus = .field(row: rows.count - 1, .name)
    }

    /// Takes the focused row out; one is left.
    mutating func drop() {
        guard case .field(let row, let field) = focus, rows.count > 1, rows.indices.contains(row) else { return }
        rows.remove(at: row)
        focus = .field(row: min(row, rows.count - 1), field)
    }

    /// What is wrong with a row, in words; nil when it could be asked for.
    package func problem(ofRow index: Int, ground: ReshardGround) -> String? {
        guard rows.indices.contains(index) else { return nil }
        let row = rows[index]
        let others = rows.indices.filter { $0 != index }
        let names = others.map { rows[$0].name.text.trimmed }
        if let problem = ReshardRequest.problem(ofName: row.name.text.trimmed, map: ground.map, others: names) {
            return problem.message
        }
        var taken = others.flatMap { rows[$0].addresses }.compactMap { try? NodeAddress($0) }
        for text in row.addresses {
            do throws(RoutingError) {
                let address = try NodeAddress(text)
                if let problem = ReshardRequest.problem(of: address, nodes: ground.nodes, others: taken) {
                    return problem.message
                }
                taken.append(address)
            } catch {
                return text.isEmpty ? "the address is missing: write HOST:PORT" : error.message
            }
        }
        return nil
    }

    /// The nodes of a row as far as their texts are addresses.
    package func checks(ofRow index: Int) -> [ReshardRequest.NewNode] {
        guard rows.indices.contains(index) else { return [] }
        let row = rows[index]
        return row.addresses.enumerated().compactMap { place, text in
            (try? NodeAddress(text)).map {
                ReshardRequest.NewNode(shard: row.name.text.trimmed, address: $0, isReplica: place > 0)
            }
        }
    }

    /// The shards as a request has them; nil while a row can't be read.
    var shards: [ReshardRequest.NewShard]? {
        var shards: [ReshardRequest.NewShard] = []
        for row in rows {
            let addresses = row.addresses.compactMap { try? NodeAddress($0) }
            guard addresses.count == row.addresses.count, let first = addresses.first else { return nil }
            let rest = Array(addresses.dropFirst())
            shards.append(.init(name: row.name.text.trimmed, address: first, replicas: rest))
        }
        return shards
    }
}

extension String {
    /// Without spaces at both ends.
    var trimmed: String {
        var text = self[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
