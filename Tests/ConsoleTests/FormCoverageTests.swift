import Cluster
import Inspections
import JSON
import Notices
import Plans
import Postgres
import Returns
import Rounds
import Testing

@testable import Console
@testable import Registers

@Suite("Forms and the messages that workers take")
struct FormCoverageTests {
    static let topics = Topics(prefix: "t.")
    static let handlers =
        RegisterSubmissions.handlers + Plans(topics: topics).handlers
        + Rounds(pool: PostgresPool(conninfo: ""), topics: topics).handlers
        + Inspections.handlers(topics: topics) + Returns.handlers + NoticeSubmissions.handlers

    @Test("Whatever a person may submit has a form, for whom the workers would take it from")
    func everything() {
        let taken = Set(Self.handlers.map { "\($0.type) \($0.role)" })
        let offered = Set(FormKind.list.map { "\($0.type) \($0.role)" })
        #expect(taken.subtracting(offered).sorted() == [], "taken by workers, on no form")
        #expect(offered.subtracting(taken).sorted() == [], "on a form, taken by nobody")
    }

    @Test("Each form has an address of its own, and somebody whose duty it is")
    func addresses() {
        #expect(FormKind.all.count == FormKind.list.count)
        for kind in FormKind.list {
            #expect(Duty.allCases.contains { $0.roles.contains(kind.role) }, "\(kind.slug)")
        }
    }

    @Test("Conditions of sub-registers are those that the registers know")
    func subRegisters() {
        for register in Register.allCases {
            let offered = SubRegisterConditions.all[register.rawValue]?.map(\.name) ?? []
            #expect(Set(offered) == Set(SubRegister.rules(of: register).keys), "\(register)")
        }
    }

    @Test("A message is understood as being about what its form was opened for")
    func about() {
        func about(_ slug: String, _ body: JSONValue) -> [String: String] {
            (FormKind.all[slug]?.about(body) ?? [:]).compactMapValues { $0 }
        }
        #expect(about("result", ["visit": "V-1", "items": []]) == ["visit": "V-1"])
        #expect(about("plan", ["plan": ["id": "P-1", "kind": "joint"]]) == ["plan": "P-1", "kind": "joint"])
        #expect(about("plan-check", ["plan": "P-1", "version": 2]) == ["plan": "P-1", "version": "2"])
        #expect(
            about("draw-request", ["round": "R-1", "plan_lines": ["P-1/L1"], "request": [:]])
                == ["round": "R-1", "line": "P-1/L1"])
        #expect(about("merge-decide", ["plan": "P-1", "lines": ["L1", "L2"]])["lines"] == "L1,L2")
    }
}
