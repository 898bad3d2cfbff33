import FoundationEssentials
import Testing

/// The pictures in the README are the golden frames: `<!-- frame: NAME -->` and a block with that frame.
@Suite struct ReadmeFramesTests {
    @Test func picturesAreTheFramesOfNow() throws {
        let here = #filePath.dropLast("Tests/ConsoleTests/ReadmeFramesTests.swift".count)
        let readme = try String(contentsOfFile: "\(here)README.md", encoding: .utf8)
        let parts = readme.components(separatedBy: "<!-- frame: ").dropFirst()
        #expect(parts.count >= 8, "a picture of each view")
        for part in parts {
            let name = String(part.prefix { $0 != " " })
            let shown = part.components(separatedBy: "```\n").dropFirst().first ?? ""
            let frame = try String(contentsOfFile: "\(here)Tests/ConsoleTests/Golden/\(name).txt", encoding: .utf8)
            #expect(shown == frame, "\(name) in the README is of another time: copy Golden/\(name).txt there")
        }
    }
}
