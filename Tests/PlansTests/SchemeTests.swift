import Draw
import Foundation
import JSON
import Registers
import Testing

@testable import Plans

@Suite("The scheme of a draw")
struct SchemeTests {
    static func scheme(_ change: (inout [String: JSONValue]) -> Void = { _ in }) throws -> Scheme {
        guard
            case .object(var line) = PlanFixture.line("7", sample: ["rates_ppm": ["B": 50_000, "D": ["min": 300_000]]])
        else { throw PlanFault(description: "no line") }
        change(&line)
        let plan = try Plan(json: PlanFixture.document([.object(line)]))
        let sample = plan.lines[0].sample.sample()
        let sizes = sample.sampleSizes(poolSizes: sample.poolSizes(byClass: [.b: 100, .d: 10]))
        return Scheme(
            plan: plan, line: plan.lines[0], draw: 1,
            items: [
                "I-1": PlanFacts.Item(
                    id: "I-1", name: "登记事项检查", legalBasis: "《条例》第三条", department: "SCJG", methods: ["onsite"],
                    capPPM: 100_000, checklists: [PlanFacts.Checklist(title: "登记检查表")])
            ],
            departments: ["SCJG": "市场监督管理局"], pool: [.b: 100, .d: 10], drawn: (sizes, sizes),
            publicationWorkingDays: 10, matchWorkingDays: 2, together: [],
            day: try #require(Day("2026-02-03")))
    }

    @Test("says what is inspected, on what basis, how much of which class, when and by whom")
    func content() throws {
        let html = try Self.scheme().html(approvedOn: Day("2026-02-03"))
        for text in [
            "检查7随机抽查工作方案", "《条例》第三条", "登记检查表", "一般（上限 10%）", "市场监督管理局", "现有 110 户",
            "<td class=\"c\">D</td><td class=\"n\">10</td><td class=\"n\">不低于 30%</td><td class=\"n\">3</td>",
            "<td class=\"c\">合计</td><td class=\"n\">110</td><td class=\"n\"></td><td class=\"n\">8</td>",
            "2026年3月1日至2026年6月30日", "10 个工作日内", "批准日期：2026年2月3日", "类别为shop",
        ] {
            #expect(html.contains(text), "\(text)")
        }
        #expect(!html.contains("草案"))
        #expect(try Self.scheme().html(approvedOn: nil).contains("草案 未经批准"))
    }

    @Test("is well-formed, and shows what people wrote as they wrote it")
    func escaping() throws {
        let html = try Self.scheme {
            $0["title"] = #"<script>"甲"&乙</script>"#
            $0["note"] = "a < b"
        }.html(approvedOn: nil)
        #expect(!html.contains("<script>") && html.contains("&lt;script&gt;&quot;甲&quot;&amp;乙&lt;/script&gt;"))
        // Every element that is opened is closed, in order.
        var open: [Substring] = []
        for tag in html.matches(of: /<(\/?)([a-z0-9]+)[^>]*>/) where !["meta"].contains(tag.2) {
            if tag.1.isEmpty { open.append(tag.2) } else { #expect(open.popLast() == tag.2) }
        }
        #expect(open.isEmpty)
    }

    @Test("names every condition of the pool")
    func conditions() throws {
        let pool = Pool(
            credit: [.d, .none], kinds: ["enterprise"], regions: ["150222"], industries: ["F52"], permits: ["食品经营"],
            maxVisits: 0)
        #expect(
            pool.conditions == [
                "类别为企业", "持有“食品经营”许可或属该类经营", "行业代码以 F52 开头", "所在地区划代码以 150222 开头", "信用风险等级为D 级、未分类", "本年度已受检不超过 0 次",
            ])
        #expect(Pool().conditions == [])
    }
}
