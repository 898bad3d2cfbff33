import Yams

/// The fields of one document: reads each by type and remembers what is wrong.
struct ConfigFields {
    /// "Shard" or "Cluster", for messages.
    let document: String
    /// Where a missing field is reported.
    let line: Int
    private(set) var problems: [(line: Int, message: String)] = []
    private var values: [String: Node] = [:]

    /// - Parameter known: every field there may be; another one is a problem.
    init(_ node: Node, document: String, line: Int, known: [String]) {
        self.document = document
        self.line = line
        switch node {
        case .mapping(let mapping):
            for (key, value) in mapping {
                let name = key.scalar?.string ?? "?"
                if known.contains(name) {
                    values[name] = value
                } else {
                    let message = Self.unknown("\(document) field", name, known: known)
                    problems.append((key.mark?.line ?? line, message))
                }
            }
        case .scalar(let scalar) where scalar.string.isEmpty:
            break
        default:
            problems.append((node.mark?.line ?? line, "\(document) must have fields below it, like \"Name: demo\""))
        }
    }

    /// The line of a field, or of its document if it is not there.
    func line(of field: String) -> Int { values[field]?.mark?.line ?? line }

    /// Where a field's value begins in its line, from 1 in characters; 1 if it is not there.
    func column(of field: String) -> Int { values[field]?.mark?.column ?? 1 }

    func has(_ field: String) -> Bool { values[field] != nil }

    mutating func report(_ field: String, _ message: String) {
        problems.append((line(of: field), message))
    }

    mutating func report(line: Int, _ message: String) {
        problems.append((line, message))
    }

    mutating func reportMissing(_ field: String) {
        problems.append((line, "\(document) has no \(field)"))
    }

    /// Text that is not empty; nil if the field is missing or wrong.
    mutating func text(_ field: String) -> String? {
        guard let node = values[field] else { return nil }
        guard let text = node.scalar?.string else {
            report(field, "\(field) must be one value, not a list or a group")
            return nil
        }
        guard !text.isEmpty else {
            report(field, "\(field) is empty")
            return nil
        }
        return text
    }

    /// A whole number within `range`.
    mutating func integer(_ field: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = text(field) else { return nil }
        guard values[field]?.scalar?.style == .plain, let number = Int(text) else {
            report(field, "\(field) must be a whole number, not \"\(text)\"")
            return nil
        }
        guard range.contains(number) else {
            report(field, "\(field) must be from \(range.lowerBound) to \(range.upperBound), not \(number)")
            return nil
        }
        return number
    }

    /// A number of bytes: `1048576`, or with a unit, `1MiB`.
    mutating func bytes(_ field: String) -> UInt64? {
        guard let text = text(field) else { return nil }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        let shifts = ["": 0, "B": 0, "KiB": 10, "MiB": 20, "GiB": 30, "TiB": 40]
        guard let number = UInt64(digits), let shift = shifts[String(unit)] else {
            report(field, "\(field) must be a number of bytes, such as 256MiB (B, KiB, MiB, GiB, TiB), not \"\(text)\"")
            return nil
        }
        let (bytes, isOver) = number.multipliedReportingOverflow(by: 1 << UInt64(shift))
        guard !isOver, bytes <= Int64.max else {
            report(field, "\(field) is more than any disk has: \(text)")
            return nil
        }
        return bytes
    }

    /// One of an enumeration's names.
    mutating func choice<Choice>(_ field: String, _ type: Choice.Type) -> Choice?
    where Choice: RawRepresentable & CaseIterable, Choice.RawValue == String {
        guard let text = text(field) else { return nil }
        if let choice = Choice(rawValue: text) { return choice }
        let all = Choice.allCases.map(\.rawValue).joined(separator: ", ")
        report(field, "\(field) must be one of \(all), not \"\(text)\"")
        return nil
    }

    /// A list of texts with their lines. A field without anything after it is an empty list.
    mutating func list(_ field: String) -> [(text: String, line: Int)] {
        guard let node = values[field] else { return [] }
        if let scalar = node.scalar, scalar.string.isEmpty, scalar.style == .plain { return [] }
        guard let sequence = node.sequence else {
            report(field, "\(field) must be a list, like [127.0.0.22:8080]")
            return []
        }
        var items: [(text: String, line: Int)] = []
        for item in sequence {
            let line = item.mark?.line ?? line(of: field)
            if let text = item.scalar?.string, !text.isEmpty {
                items.append((text, line))
            } else {
                problems.append((line, "\(field): each element must be one value"))
            }
        }
        return items
    }

    /// "unknown … X; did you mean Y?"
    static func unknown(_ what: String, _ name: String, known: [String]) -> String {
        let message = "unknown \(what) \"\(name)\""
        let nearest = known.map { (name: $0, distance: editDistance($0.lowercased(), name.lowercased())) }
            .min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= max(2, nearest.name.count / 3) else {
            return message + "; known are " + known.joined(separator: ", ")
        }
        return message + "; did you mean \(nearest.name)?"
    }

    /// Insertions, deletions and replacements between two words.
    private static func editDistance(_ left: String, _ right: String) -> Int {
        let right = Array(right.utf8.prefix(64))
        var row = Array(0...right.count)
        for (i, leftByte) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for (j, rightByte) in right.enumerated() {
                let replaced = diagonal + (leftByte == rightByte ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
            }
        }
        return row[right.count]
    }
}
