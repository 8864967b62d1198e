import Tables
import Testing

@Suite("A table")
struct TableTests {
    @Test("keeps the line of each row")
    func lines() { #expect(Table(rows: [.init(line: 3, cells: ["a"])]).rows.map(\.line) == [3]) }
}
