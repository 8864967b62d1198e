import JSON
import Registers

extension VisitPapers {
    /// What the templates are filled with.
    struct Sheet {
        let visit: String
        let common: [String: Any]
        private let part: JSONValue
        private let items: [[String: Any]]

        init(
            _ report: JSONValue, department: String, categories: (results: [String], states: [String])
        ) throws(Problem) {
            visit = report["visit"]?.text ?? ""
            let parts = report["parts"]?.elements ?? []
            guard let part = parts.first(where: { $0["department"]?.text == department }) else {
                throw .notInVisit(department: department, visit: visit)
            }
            self.part = part
            let version = part["versions"]?.elements?.last
            items = (part["items"]?.elements ?? []).enumerated().map { index, item in
                let found = version?["items"]?.elements?.first { $0["item"] == item["item"] }
                return Self.item(item, place: index + 1, found: found, categories: categories.results)
            }
            let name = part["department_name"]?.text ?? department
            let others = parts.filter { $0["department"]?.text != department }
            var common: [String: Any] = [
                "visit": visit, "department_name": name, "states": categories.states, "items": items,
                "number": "\(department)〔\(report["window_first"]?.text?.prefix(4) ?? "")〕　　号",
                "method": Self.method(report["method"]?.text), "joint": !others.isEmpty,
                "team": (part["team"]?.elements ?? []).enumerated().map { index, member -> [String: Any] in
                    Self.texts(member, ["certificate", "certificate_until"]).merging([
                        "place": index + 1, "department_name": name,
                        "name": member["name"]?.text ?? member["inspector"]?.text ?? "",
                    ]) { _, new in new }
                },
                "others": others.map { other -> [String: Any] in
                    [
                        "name": other["department_name"]?.text ?? other["department"]?.text ?? "",
                        "matters": (other["items"]?.elements ?? []).compactMap { $0["name"]?.text ?? $0["item"]?.text }
                            .joined(separator: "、"),
                    ]
                },
                "consequences": (part["consequences"]?.elements ?? []).map {
                    Self.texts($0, ["name", "demand", "ordered_on", "due_on"])
                },
                "has_consequences": !(part["consequences"]?.elements ?? []).isEmpty,
                "amendments": (part["amendments"]?.elements ?? []).map { amendment -> [String: Any] in
                    [
                        "number": amendment["number"]?.number ?? 0,
                        "reason": Self.reason(amendment["reason"]?.text ?? ""),
                    ]
                },
                "amended": !(part["amendments"]?.elements ?? []).isEmpty,
            ]
            common.merge(
                Self.texts(report, ["round", "entity", "entity_name", "address", "window_first", "window_last"])
            ) { _, new in new }
            if common["entity_name"] == nil { common["entity_name"] = report["entity"]?.text }
            if let version {
                var result = Self.texts(version, ["ended_on", "reason"])
                result["version"] = version["version"]?.number
                result["corrected"] = (version["version"]?.number ?? 1) > 1
                common["result"] = result
            }
            self.common = common
        }

        func consequences(of kinds: Set<String>) -> [JSONValue] {
            (part["consequences"]?.elements ?? []).filter { kinds.contains($0["kind"]?.text ?? "") }
        }

        /// What a paper about a consequence is filled with: its matters, or those with anything found.
        func with(_ consequence: JSONValue?, onlyFindings: Bool) -> [String: Any] {
            var context = common
            var own = items
            if let consequence {
                let named = Set((consequence["items"]?.elements ?? []).compactMap(\.text))
                own = items.filter { named.contains($0["item"] as? String ?? "") }
                context["consequence"] = Self.texts(
                    consequence, ["demand", "due_on", "reinspect_by", "legal_basis", "decision", "addressee"])
            }
            context["items"] = own.enumerated().map { index, item in
                item.merging(["place": index + 1]) { _, new in new }
            }
            let evidence = own.flatMap { $0["evidence"] as? [[String: Any]] ?? [] }
            context["evidence"] = evidence.enumerated().map { index, file in
                file.merging(["place": index + 1]) { _, new in new }
            }
            return context
        }

        private static func item(
            _ item: JSONValue, place: Int, found: JSONValue?, categories: [String]
        ) -> [String: Any] {
            var context = texts(item, ["item", "name", "legal_basis"])
            context["place"] = place
            if context["name"] == nil { context["name"] = item["item"]?.text }
            context["categories"] = categories
            if let checklist = item["checklist"], checklist["version"]?.number != nil {
                var filled = texts(checklist, ["id", "title"])
                filled["version"] = checklist["version"]?.number
                filled["steps"] = (checklist["steps"]?.elements ?? []).map { step -> [String: Any] in
                    [
                        "step": step["step"]?.text ?? "", "matters": list(step["matters"]),
                        "methods": list(step["methods"]),
                    ]
                }
                context["checklist"] = filled
            }
            context["result_categories"] = list(found?["categories"])
            context["findings"] = found?["findings"]?.text ?? ""
            context["measures"] = list(found?["measures"])
            context["evidence"] = (found?["evidence"]?.elements ?? []).map { texts($0, ["name", "sha256"]) }
            return context
        }

        private static func list(_ value: JSONValue?) -> String {
            (value?.elements ?? []).compactMap(\.text).joined(separator: "；")
        }

        /// The texts of an object that are there and not empty.
        private static func texts(_ value: JSONValue, _ names: [String]) -> [String: Any] {
            var texts: [String: Any] = [:]
            for name in names {
                if let text = value[name]?.text, !text.isEmpty { texts[name] = Day(text).map(chinese) ?? text }
            }
            return texts
        }

        /// A day as papers write it.
        private static func chinese(_ day: Day) -> String {
            let (year, month, day) = day.parts
            return "\(year)年\(month)月\(day)日"
        }

        private static func method(_ name: String?) -> String {
            switch name {
            case "onsite": "现场检查"
            case "written": "书面检查"
            case "online": "网络检查"
            default: name ?? ""
            }
        }

        private static func reason(_ code: String) -> String {
            switch AmendedVisit.Reason(rawValue: code) {
            case .recusal: "回避"
            case .absence: "因故不能参加"
            case .certificate: "执法证失效"
            case .left: "调离"
            case nil: code
            }
        }
    }
}
