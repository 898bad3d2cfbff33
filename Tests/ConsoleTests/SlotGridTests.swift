import Console
import Model
import Routing
import Server
import Testing

@Suite struct SlotGridTests {
    @Test func everySlotHasOneCellInEverySize() {
        for width in [0, 1, 2, 5, 64, 73, 130, 300] {
            for height in [0, 1, 3, 16, 32, 100] {
                let grid = SlotGrid(width: width, height: height)
                #expect(grid.columns <= max(1, width) && grid.rows <= max(1, height))
                #expect(grid.cells * grid.slotsPerCell == 16_384)
                for slot in [0, 1, 5_460, 16_383] {
                    #expect(grid.slots(ofCell: grid.cell(of: slot)).contains(slot), "\(width)x\(height) \(slot)")
                }
            }
        }
        #expect(SlotGrid(width: 69, height: 32) == SlotGrid(width: 64, height: 32))
        #expect(SlotGrid(width: 64, height: 32).slotsPerCell == 8)
    }

    @Test func aCloserLookIsAroundTheSlotAndOneSlotACell() {
        let grid = SlotGrid(width: 64, height: 16, near: 5_000)
        #expect(grid.slotsPerCell == 1)
        #expect(grid.slots == 4_096..<5_120)
        #expect(grid.slots(ofCell: grid.cell(of: 5_000)) == 5_000..<5_001)
        #expect(SlotGrid(width: 64, height: 16, near: 99_999).slots.upperBound == 16_384)
        #expect(SlotGrid(width: 64, height: 16, near: -1).first == 0)
    }
}

@Suite struct SlotChartTests {
    private let grid = SlotGrid(width: 64, height: 16)

    private func made(_ names: [String], _ placement: PlacementPolicy = .fixed) throws -> ClusterSlots {
        try ConsoleFixture.slots(placement: placement, names)
    }

    @Test func ownersFollowTheLegendNotTheMap() throws {
        let slots = try made(["a", "b"])
        let chart = SlotChart(slots, grid: grid, shade: .owner, names: ["b", "a"])
        #expect(chart.cells.first == .owner(1))
        #expect(chart.cells.last == .owner(0))
        #expect(chart.cells.count { $0 == .owner(0) } == 512)
    }

    /// With `modulo` every cell is of all shards: each is seen as often as it owns.
    @Test func mixedCellsShowEveryOwner() throws {
        let slots = try made(["a", "b", "c", "d"], .modulo)
        let chart = SlotChart(slots, grid: grid, shade: .owner, names: slots.map.shardNames)
        for place in 0..<4 { #expect(chart.cells.count { $0 == .owner(place) } == 256) }
    }

    @Test func slotsUnderWayAndOneShardAlone() throws {
        let slots = try made(["a", "b"])
        let moves = [SlotMove(slots: 0...15, target: "b"), SlotMove(slots: 40...40, target: "nobody")]
        let chart = SlotChart(slots, grid: grid, shade: .owner, names: ["a", "b"], moves: moves)
        #expect(chart.cells[0] == .moving(from: 0, to: 1))
        #expect(chart.cells[1] == .owner(0))
        #expect(chart.cells[2] == .owner(0))
        let alone = SlotChart(slots, grid: grid, shade: .owner, names: ["a", "b"], shard: "b")
        #expect(alone.cells[0] == .faded)
        #expect(alone.cells[512] == .owner(1))
    }

    @Test func heatIsASumOfACellAgainstTheWarmestOne() throws {
        var all = [ClusterSlots.Slot](repeating: .init(rate: 0), count: 16_384)
        all[0] = .init(keys: 6, bytes: 1, rate: 3)
        all[1] = .init(keys: 4, bytes: 1)
        all[16] = .init(keys: 1, bytes: .max, rate: 5)
        all[17] = .init(bytes: .max, rate: 0)
        let map = try made(["a", "b"]).map
        let slots = ClusterSlots(map: map, slots: all, unknownShards: ["b"])
        let keys = SlotChart(slots, grid: grid, shade: .keys, names: ["a", "b"])
        #expect(keys.most == 10)
        #expect(Array(keys.cells[0..<3]) == [.heat(4), .heat(1), .heat(0)])
        #expect(keys.cells[512] == .unknown)
        let bytes = SlotChart(slots, grid: grid, shade: .bytes, names: ["a", "b"])
        #expect(bytes.most == .max)
        #expect(Array(bytes.cells[0..<2]) == [.heat(1), .heat(4)])
        // A slot without a rate leaves its cell unknown, not cold.
        let ops = SlotChart(slots, grid: grid, shade: .ops, names: ["a", "b"])
        #expect(Array(ops.cells[0..<3]) == [.unknown, .heat(4), .heat(0)])
    }
}
