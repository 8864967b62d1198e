import JSON

/// A `result.json` read piece by piece, each piece checked for its form.
struct ResultFile {
    static let name = "result.json"

    /// One visit with its teams; a public bundle leaves out who goes.
    struct DrawnVisit {
        let field: JSONField
        let visit: Visit
        let teams: [(department: String, inspectors: [String]?, missing: [String])]

        init(_ field: JSONField) throws {
            self.field = field
            (visit, teams) = try field.object { reader in
                let visit = try Visit(
                    id: reader.required("visit").string("32 lower-case hexadecimal digits", where: Self.isVisitID),
                    entity: reader.required("entity").id(), method: reader.required("method").choice(),
                    requests: reader.required("requests").array { try $0.id() },
                    window: DayWindow(reader.required("window")),
                    departments: reader.required("departments").array { try $0.id() })
                let teams = try reader.required("teams").array { team in
                    try team.object { reader in
                        try (
                            reader.required("department").id(),
                            reader.optional("inspectors")?.array { try $0.id() }, reader.required("missing").strings()
                        )
                    }
                }
                return (visit, teams)
            }
        }

        private static func isVisitID(_ text: String) -> Bool { text.utf8.count == 32 && Grammar.isHash(text + text) }
    }

    /// Walks over the whole file.
    /// - Returns: the fields `commitment` and `seed`.
    /// - Throws: ``DrawError`` for what is not canonical or not in form.
    static func read(
        _ bytes: [UInt8], selection: (JSONField, Selection, Int) throws -> Void,
        visit: (DrawnVisit, Int) throws -> Void
    ) throws -> (commitment: JSONField, seed: JSONField) {
        try DrawError.reading(name) {
            var cursor = JSONCursor(bytes)
            try cursor.expect("{\"commitment\":")
            let commitment = JSONField(try cursor.value(), path: "commitment")
            _ = try commitment.hash()
            try cursor.expect(",\"seed\":")
            let seed = JSONField(try cursor.value(), path: "seed")
            _ = try seed.hash()
            try cursor.expect(",\"selections\":")
            try cursor.elements { value, index in
                let field = JSONField(value, path: "selections[\(index)]")
                let read = try field.object { reader in
                    try Selection(
                        request: reader.required("request").id(),
                        entities: reader.required("entities").array { try $0.id() })
                }
                try selection(field, read, index)
            }
            try cursor.expect(",\"visits\":")
            try cursor.elements { value, index in
                try visit(DrawnVisit(JSONField(value, path: "visits[\(index)]")), index)
            }
            try cursor.expect("}\n")
            try cursor.finish()
            return (commitment, seed)
        }
    }
}
