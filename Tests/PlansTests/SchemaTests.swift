import Cluster
import Plans
import Testing

@Suite("The tables of plans")
struct SchemaTests {
    @Test("come before those of rounds, which read them")
    func order() { #expect(PlansSchema.migrations.allSatisfy { (150..<200).contains($0.number) }) }
}
