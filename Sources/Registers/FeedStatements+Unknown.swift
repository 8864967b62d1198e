import Cluster
import Postgres

extension FeedStatements {
    /// What rows name that is nowhere registered or listed.
    struct Unknown {
        var departments: [String] = []
        var regions: [String] = []
        var industries: [String] = []
    }

    /// The branch that gives a row a finding for each thing it names that is unknown; nothing when all is known.
    func namesUnknown(_ unknown: Unknown) -> SQL {
        func cell(_ column: String) -> SQL { SQL(raw: "s." + column) }
        func finding(_ field: SQL, _ code: SQL, _ message: SQL) -> SQL {
            "jsonb_build_object('field', \(field), 'code', \(code), 'message', \(message))"
        }
        var branches: [(when: SQL, finding: SQL)] = []
        if let departments, !unknown.departments.isEmpty {
            let first: SQL = """
                (SELECT r.d FROM unnest(\(departments)) AS r (d) WHERE r.d = ANY (\(unknown.departments)::text[]) LIMIT 1)
                """
            branches.append(
                (
                    "\(departments) && \(unknown.departments)::text[]",
                    finding(
                        departmentField, "'department.unknown'",
                        """
                        '部门 ' || \(first)
                            || ' 不在部门库中，请先报送部门 / no such department is registered; feed departments first'
                        """)
                ))
        }
        // Of a message only the code is the row's own.
        func coded(_ column: String, _ made: (String) -> Finding, _ test: SQL) {
            let parts = made("\u{1}").message.split(separator: "\u{1}", omittingEmptySubsequences: false).map(
                String.init)
            let message = parts.dropFirst().reduce("\(parts[0])::text" as SQL) {
                "\($0) || \(cell(column)) || \($1)::text"
            }
            branches.append((test, finding("\(column)::text", "\(made("").code)::text", message)))
        }
        if !unknown.regions.isEmpty {
            coded("region", CodeLists.unknownRegion, "left(\(cell("region")), 6) = ANY (\(unknown.regions)::text[])")
        }
        if !unknown.industries.isEmpty {
            coded("industry", CodeLists.unknownIndustry, "\(cell("industry")) = ANY (\(unknown.industries)::text[])")
        }
        guard let first = branches.first else { return "" }
        let any = branches.dropFirst().reduce(first.when) { "\($0) OR \($1.when)" }
        let all = branches.reduce("'[]'::jsonb" as SQL) {
            "\($0) || CASE WHEN \($1.when) THEN jsonb_build_array(\($1.finding)) ELSE '[]'::jsonb END"
        }
        return "WHEN \(any) THEN \(all)"
    }
}
