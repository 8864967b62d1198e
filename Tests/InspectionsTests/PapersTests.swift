import JSON
import Testing

@testable import Inspections

@Suite("The papers of a visit")
struct PapersTests {
    static func report(
        name: String = "样例商贸有限公司", versions: JSONValue = [], consequences: JSONValue = []
    ) -> JSONValue {
        [
            "visit": "0123456789abcdef0123456789abcdef", "round": "R-2026-1", "entity": "91150222SAMPLE0001",
            "entity_name": .string(name), "address": "样例镇样例街1号", "method": "onsite", "window_first": "2026-03-02",
            "window_last": "2026-03-31",
            "parts": [
                [
                    "department": "SCJG", "department_name": "样例县市场监督管理局",
                    "items": [
                        [
                            "item": "SCJG-1", "name": "登记事项检查", "legal_basis": "《市场主体登记管理条例》第三十八条",
                            "checklist": [
                                "id": "CL-1", "version": 2, "title": "登记事项检查表",
                                "steps": [["step": "核对住所", "matters": ["门牌", "租约"], "methods": ["实地核查"]]],
                            ],
                        ], ["item": "SCJG-2", "name": "公示信息检查", "legal_basis": "《企业信息公示暂行条例》", "checklist": .null],
                    ],
                    "team": [
                        [
                            "inspector": "I1", "name": "样例甲", "certificate": "SAMPLE-001",
                            "certificate_until": "2027-12-31",
                        ],
                        [
                            "inspector": "I2", "name": "样例乙", "certificate": "SAMPLE-002",
                            "certificate_until": "2027-12-31",
                        ],
                    ], "amendments": [], "versions": versions, "consequences": consequences,
                ],
                [
                    "department": "YJGL", "department_name": "样例县应急管理局",
                    "items": [["item": "YJGL-1", "name": "安全生产检查"]], "team": [], "amendments": [], "versions": [],
                    "consequences": [],
                ],
            ],
        ]
    }

    static func papers(_ report: JSONValue = report(), department: String = "SCJG") throws -> [String: String] {
        let papers = try VisitPapers().papers(
            of: report, department: department,
            categories: (["未发现问题", "发现问题已责令改正"], ["暂停营业", "注销"]), code: "https://example.test/v/{visit}")
        return Dictionary(uniqueKeysWithValues: papers.map { ($0.name, $0.html) })
    }

    @Test("are seven, each with its title, the visit and the department")
    func seven() throws {
        let papers = try Self.papers()
        #expect(
            Set(papers.keys) == [
                "task-sheet.html", "notice.html", "record.html", "result-notice.html", "correction-order.html",
                "service-receipt.html", "transfer-letter.html",
            ])
        for (name, html) in papers {
            #expect(html.contains("样例县市场监督管理局"), "\(name)")
            #expect(html.contains("<html lang=\"zh-CN\">") && html.contains("size: A4"), "\(name)")
            #expect(!html.contains("{{"), "\(name)")
        }
    }

    @Test("show team, certificates, checklist and what the others check at the same visit")
    func contents() throws {
        let papers = try Self.papers()
        let sheet = try #require(papers["task-sheet.html"])
        for text in ["样例甲", "SAMPLE-002", "登记事项检查表（第 2 版）", "尚无检查表", "样例县应急管理局", "安全生产检查", "综合查一次"] {
            #expect(sheet.contains(text), "\(text)")
        }
        let record = try #require(papers["record.html"])
        #expect(record.contains("门牌；租约"))
        #expect(record.contains("拒绝签字的理由"))
        #expect(try #require(papers["notice.html"]).contains("<svg "))
    }

    @Test("tick no category beforehand")
    func neverPreset() throws {
        for (name, html) in try Self.papers() { #expect(!html.contains("class=\"box ticked\""), "\(name)") }
    }

    @Test(
        "escape what comes from data",
        arguments: [
            "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "A&B 有限公司", "{{title}}",
        ])
    func escaped(_ name: String) throws {
        for (file, html) in try Self.papers(Self.report(name: name)) {
            #expect(!html.contains("<script") && !html.contains("<img"), "\(file)")
            if name.contains("&") { #expect(html.contains("A&amp;B 有限公司"), "\(file)") }
        }
    }

    @Test("carry results, corrections and consequences once there are some")
    func later() throws {
        let versions: JSONValue = [
            [
                "version": 2, "ended_on": "2026-03-10", "reason": "录入有误",
                "items": [
                    ["item": "SCJG-1", "categories": ["未发现问题"], "findings": .null, "measures": [], "evidence": []],
                    [
                        "item": "SCJG-2", "categories": ["发现问题已责令改正"], "findings": "年报电话有误", "measures": ["当场告知"],
                        "evidence": [["name": "照片1.jpg", "sha256": .string(String(repeating: "ab", count: 32))]],
                    ],
                ],
            ]
        ]
        func order(_ id: String, _ kind: String, _ name: String) -> JSONValue {
            [
                "id": .string(id), "kind": .string(kind), "name": .string(name), "items": ["SCJG-2"],
                "ordered_on": "2026-03-11", "demand": "更正年报电话", "due_on": "2026-04-03",
                "reinspect_by": "2026-04-20", "addressee": "样例县公安局",
            ]
        }
        let papers = try Self.papers(
            Self.report(
                versions: versions,
                consequences: [
                    order("C1", "correction", "责令改正"), order("C2", "correction", "责令改正"),
                    order("C3", "judiciary", "移送司法机关"),
                ]))
        let notice = try #require(papers["result-notice.html"])
        for text in ["发现问题已责令改正", "年报电话有误", "当场告知", "第 2 版", "录入有误"] { #expect(notice.contains(text), "\(text)") }
        #expect(papers["correction-order.html"] == nil)
        let correction = try #require(papers["correction-order-2.html"])
        #expect(correction.contains("2026年4月3日") && correction.contains("2026年4月20日"))
        #expect(!correction.contains("登记事项检查"), "only the matters of the order")
        let letter = try #require(papers["transfer-letter.html"])
        #expect(letter.contains("样例县公安局") && letter.contains("照片1.jpg"))
    }

    @Test("are of a department that takes part")
    func stranger() {
        #expect(throws: VisitPapers.Problem.self) { try Self.papers(department: "XFJY") }
    }

    @Test("have a QR code with three finders and a quiet zone")
    func code() throws {
        let code = try QRCode("https://example.test/v/0123456789abcdef0123456789abcdef")
        // ISO/IEC 18004: 17 + 4 × version modules, and a 7 × 7 finder in three corners.
        #expect((code.width - 17) % 4 == 0)
        #expect(code.modules.count == code.width * code.width)
        let far = code.width - 7
        for (row, column) in [(0, 0), (0, far), (far, 0)] {
            for step in 0..<7 {
                #expect(code.modules[row * code.width + column + step])
                #expect(code.modules[(row + step) * code.width + column])
                #expect(code.modules[(row + 6) * code.width + column + step])
            }
            #expect(!code.modules[(row + 1) * code.width + column + 1])
            #expect(code.modules[(row + 3) * code.width + column + 3])
        }
        #expect(code.svg.contains("viewBox=\"0 0 \(code.width + 8) \(code.width + 8)\""))
        #expect(throws: QRCode.Problem.self) { try QRCode(String(repeating: "长", count: 2_000)) }
        #expect(throws: QRCode.Problem.self) { try QRCode("") }
    }
}
