import Cluster
import Foundation
import JSON
import Postgres
import Testing

@Suite("Privileges in the database")
struct PrivilegeTests {
    static let list = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Privileges.txt")
    static let roles = ["yaohao_console", "yaohao_keys", "yaohao_notifier", "yaohao_portal", "yaohao_worker"]

    /// Every privilege that anybody but the owner has on anything, one line each: on schemas, tables, views, columns,
    /// sequences and functions; then policies, and what the roles themselves are.
    static func privileges(_ stack: TestStack) async throws -> [String] {
        try await stack.pool.query(
            """
            WITH schemas AS (
                SELECT oid, nspname, nspacl, nspowner FROM pg_namespace
                WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
            ), grants AS (
                SELECT acl.grantee, 'schema' AS kind, nspname::text AS object, acl.privilege_type, nspowner AS owner
                FROM schemas, aclexplode(nspacl) AS acl
                UNION ALL
                SELECT acl.grantee, CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'table' END,
                    s.nspname || '.' || c.relname, acl.privilege_type, c.relowner
                FROM pg_class c JOIN schemas s ON s.oid = c.relnamespace, aclexplode(c.relacl) AS acl
                UNION ALL
                SELECT acl.grantee, 'column', s.nspname || '.' || c.relname || '.' || a.attname, acl.privilege_type,
                    c.relowner
                FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN schemas s ON s.oid = c.relnamespace,
                    aclexplode(a.attacl) AS acl
                UNION ALL
                SELECT acl.grantee, CASE WHEN p.prosecdef THEN 'definer-function' ELSE 'function' END,
                    s.nspname || '.' || p.proname, acl.privilege_type, p.proowner
                FROM pg_proc p JOIN schemas s ON s.oid = p.pronamespace,
                    aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) AS acl
            )
            SELECT concat_ws(' ', COALESCE(r.rolname, 'PUBLIC'), kind, object,
                string_agg(DISTINCT privilege_type, ',' ORDER BY privilege_type)) AS line
            FROM grants LEFT JOIN pg_roles r ON r.oid = grantee
            WHERE grantee <> owner AND (r.rolname IS NULL OR r.rolname !~ '^pg_')
            GROUP BY r.rolname, kind, object
            UNION ALL
            SELECT concat_ws(' ', array_to_string(roles, ','), 'policy', schemaname || '.' || tablename || '.' || policyname,
                cmd, 'USING', qual, 'CHECK ' || with_check)
            FROM pg_policies
            UNION ALL
            SELECT concat_ws(' ', rolname, 'role', NULLIF(array_to_string(array_remove(ARRAY[
                CASE WHEN rolcanlogin THEN 'LOGIN' END, CASE WHEN rolsuper THEN 'SUPERUSER' END,
                CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
                CASE WHEN rolbypassrls THEN 'BYPASSRLS' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
                (SELECT 'MEMBER OF ' || string_agg(g.rolname, ',' ORDER BY g.rolname)
                    FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid)], NULL), ','), ''))
            FROM pg_roles r WHERE rolname = ANY (\(roles))
            ORDER BY 1
            """
        ).map { try $0.decode("line", as: String.self) }
            .sorted()
    }

    @Test("are exactly those of Privileges.txt; scripts/privileges writes it anew after a change that is meant")
    func listed() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let found = try await Self.privileges(stack)
            if ProcessInfo.processInfo.environment["YAOHAO_WRITE_PRIVILEGES"] != nil {
                try (found.joined(separator: "\n") + "\n").write(to: Self.list, atomically: true, encoding: .utf8)
            }
            let wanted = try String(contentsOf: Self.list, encoding: .utf8).split(separator: "\n").map(String.init)
            #expect(Set(found).subtracting(wanted).sorted() == [], "granted, and not in Privileges.txt")
            #expect(Set(wanted).subtracting(found).sorted() == [], "in Privileges.txt, and not granted")
        }
    }

    @Test("leave the portal nothing but reading what is open, and the console nothing but reading")
    func readers() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let lines = try await Self.privileges(stack).map { $0.split(separator: " ").map(String.init) }
            for line in lines where line[0] == "yaohao_portal" && line.count > 2 {
                #expect(line[2] == "open" || line[2].hasPrefix("open."), "\(line)")
            }
            for line in lines where ["yaohao_portal", "yaohao_console"].contains(line[0]) {
                guard ["table", "view", "column", "sequence"].contains(line[1]) else { continue }
                // The console keeps its sessions in a schema of its own.
                #expect(line[3] == "SELECT" || line[2].hasPrefix("console."), "\(line)")
            }
            // Nobody can make anything, and nobody can change what is only added to.
            for line in lines where line[1] == "schema" { #expect(line[3] == "USAGE", "\(line)") }
            for line in lines
            where line.count > 2
                && ["cluster.acts", "cluster.audit_chain", "cluster.audit_heads"].contains(line[2])
            {
                #expect(!line[3].contains("UPDATE") && !line[3].contains("DELETE"), "\(line)")
            }
            #expect(lines.filter { $0[1] == "role" }.map { $0.count } == Self.roles.map { _ in 2 })
        }
    }

    @Test("keep inspectors, teams and credit classes out of every view that is open")
    func openViews() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let leaks = try await stack.pool.query(
                """
                SELECT DISTINCT v.relname || ' <- ' || n.nspname || '.' || t.relname AS leak
                FROM pg_rewrite w JOIN pg_class v ON v.oid = w.ev_class
                JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = w.oid
                JOIN pg_class t ON t.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
                JOIN pg_namespace n ON n.oid = t.relnamespace
                WHERE v.relnamespace = 'open'::regnamespace AND n.nspname || '.' || t.relname = ANY (ARRAY[
                    'registers.inspectors', 'registers.classes', 'registers.experts', 'rounds.teams',
                    'rounds.selections', 'rounds.visits', 'rounds.pages', 'rounds.round_pages', 'rounds.results',
                    'rounds.assigned_visits', 'cluster.keys', 'cluster.tasks', 'cluster.outbox', 'cluster.inbox'])
                """
            ).map { try $0.decode("leak", as: String.self) }
            // Visits are open when their time has come, by name of the enterprise; before it, SecrecyTests finds none.
            #expect(leaks == ["round_visits <- rounds.visits"])
        }
    }

    /// A pool that has the role's privileges and nothing else.
    static func pool(_ stack: TestStack, _ role: String, _ more: String = "") -> PostgresPool {
        PostgresPool(conninfo: stack.conninfo, maximum: 1, setup: "SET ROLE \(role); \(more)", logger: stack.logger)
    }

    @Test("let a department see its own drafts and those it takes part in, and the office what was reported to it")
    func drafts() async throws {
        try await TestStack.with(partitions: nil) { stack in
            try await stack.pool.withConnection { connection in
                try await connection.script(
                    """
                    INSERT INTO plans.plans (id, department, year, kind)
                    VALUES ('A', 'SCJG', 2026, 'annual'), ('J', 'SCJG', 2026, 'joint'), ('B', 'SFJ', 2026, 'annual'),
                        ('O', 'SFJ', 2026, 'annual');
                    INSERT INTO plans.versions (plan, version, state, title, body, published_at)
                    VALUES ('A', 1, 'drafted', 't', 'secret of SCJG', NULL), ('J', 1, 'drafted', 't', 'joint', NULL),
                        ('B', 1, 'reported', 't', 'secret of SFJ', NULL), ('O', 1, 'published', 't', 'open', now());
                    INSERT INTO plans.participants (plan, version, department, due_on)
                    VALUES ('J', 1, 'YJGL', '2026-03-01');
                    INSERT INTO plans.steps (plan, version, step, department, source, submission)
                    SELECT plan, version, 'drafted', 'SCJG', 's', plan FROM plans.versions;
                    """)
            }
            let cases: [(who: String, sees: String)] = [
                ("", "O"), ("SET yaohao.department = 'SCJG'", "A J O"), ("SET yaohao.department = 'SFJ'", "B O"),
                ("SET yaohao.department = 'YJGL'", "J O"), ("SET yaohao.department = ''", "O"),
                ("SET yaohao.department = 'LXHY'; SET yaohao.office = 'on'", "B O"),
            ]
            for (who, sees) in cases {
                let console = Self.pool(stack, "yaohao_console", who)
                for table in ["plans.plans", "plans.versions", "plans.steps"] {
                    let column = table == "plans.plans" ? "id" : "plan"
                    let seen = try await console.query(
                        SQL(raw: "SELECT string_agg(\(column), ' ' ORDER BY \(column)) AS seen FROM \(table)")
                    ).first?.decode("seen", as: String?.self)
                    #expect(seen == sees, "\(who) \(table)")
                }
                await #expect(throws: PostgresError.self) {
                    try await console.execute("UPDATE plans.versions SET title = 'x'")
                }
                await console.close()
            }
            let worker = Self.pool(stack, "yaohao_worker")
            #expect(
                try await worker.query("SELECT count(*) FROM plans.versions").first?.decode(0, as: Int.self) == 4)
            await worker.close()
        }
    }

    @Test("let who keeps the keys store and revoke them, and nothing else; a key's rights never change")
    func keys() async throws {
        try await TestStack.with(partitions: nil) { stack in
            let pool = Self.pool(stack, "yaohao_keys")
            let directory = KeyDirectory(pool: pool)
            let key = SigningKey(department: "SCJG", sources: ["dept:SCJG"], roles: [.request])
            try await directory.register(key)
            #expect(try await directory.revoke(key.keyID, reason: "lost"))
            #expect(try await directory.list().map(\.state) == ["revoked"])
            for statement in [
                "UPDATE cluster.keys SET roles = '{round}'", "UPDATE cluster.keys SET public_key = sha256('x')",
                "DELETE FROM cluster.keys", "SELECT * FROM cluster.inbox", "SELECT * FROM plans.plans",
                "DELETE FROM cluster.acts", "SELECT * FROM registers.entities",
            ] {
                await #expect(throws: PostgresError.self) { try await pool.execute(SQL(raw: statement)) }
            }
            await pool.close()
            #expect(try await AuditVerification(pool: stack.pool).run().problems == [])
        }
    }
}
