import Testing

@testable import Registers

@Suite("Ids on record")
struct IDFilterTests {
    @Test("none that was put in is taken for new, and few others are taken for old")
    func filter() {
        var filter = IDFilter()
        func insert(_ range: Range<Int>) -> Int {
            range.count { number in
                var id = "92150222MA\(number)"
                return id.withUTF8 { filter.insert(UnsafeRawBufferPointer($0)) }
            }
        }
        #expect(insert(0..<200_000) > 199_900)
        #expect(insert(0..<200_000) == 0)
    }
}
