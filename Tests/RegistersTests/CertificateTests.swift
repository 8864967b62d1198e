import Testing

@testable import Registers

@Suite("Certificates, and names of registers")
struct CertificateTests {
    @Test(
        "a certificate is valid on its last day, and warned of by the nearest of the county's numbers of days",
        arguments: [
            (nil, .missing), ("2026-02-28", .expired), ("2026-03-01", .ending(within: 15)),
            ("2026-03-16", .ending(within: 15)), ("2026-03-17", .ending(within: 60)),
            ("2026-04-30", .ending(within: 60)), ("2026-05-01", .valid),
        ] as [(String?, Certificate.State)])
    func state(until: String?, state: Certificate.State) throws {
        let today = try #require(Day("2026-03-01"))
        #expect(Certificate.state(until: until.flatMap { Day($0) }, today: today, warningDays: [60, 15]) == state)
    }

    @Test("every register has a name of its own by which commands find it")
    func names() {
        for name in RegisterName.allCases { #expect(RegisterName(name.description) == name) }
        #expect(Set(RegisterName.allCases.map(\.description)).count == RegisterName.allCases.count)
        #expect(RegisterName("permits") == nil)
    }
}
