import Foundation
import JSON
import Registers
import Sheets
import Testing

@testable import Notices

@Suite("The notifier's file, templates and import sheets")
struct ConfigurationTests {
    static func read(_ text: String, mode: Int = 0o640) throws -> NotifierConfiguration {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try Data(text.utf8).write(to: file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
        defer { try? FileManager.default.removeItem(at: file) }
        return try NotifierConfiguration(file: file.path)
    }

    @Test(
        "is refused with the field that is wrong",
        arguments: [
            ("channels: [{id: a, kind: wecom}]", "channels[0].url"),
            ("channels: [{id: a, kind: fax, url: \"http://a.cn\"}]", "channels[0].kind"),
            ("channels: [{id: a, kind: webhook, url: \"ftp://a.cn\"}]", "channels[0].url"),
            ("channels: [{id: a, kind: mail, from: \"-x@a.cn\", addresses: {}}]", "channels[0].from"),
            ("channels: [{id: a, kind: mail, from: \"x@a.cn\\nBcc: y@a.cn\", addresses: {}}]", "channels[0].from"),
            ("sites: [{id: a, url: \"http://a.cn\"}]", "signing_key"),
            ("sites: [{id: \"a b\", url: \"http://a.cn\"}]", "sites[0].id"),
            (
                "channels: [{id: a, kind: wecom, url: \"http://a.cn\"}, {id: a, kind: wecom, url: \"http://b.cn\"}]",
                "id 重复"
            ),
            ("chanels: []", "chanels"),
        ])
    func wrong(text: String, place: String) throws {
        let problem = #expect(throws: NotifierConfiguration.Problem.self) { try Self.read(text) }
        #expect(problem?.description.contains(place) == true, "\(problem?.description ?? "")")
    }

    @Test("that others can read is refused, since it holds secrets")
    func mode() throws {
        #expect(throws: NotifierConfiguration.Problem.self) { try Self.read("channels: []", mode: 0o644) }
    }

    @Test(
        "names recipients by patterns",
        arguments: [
            ("*", "SCJG/head", true), ("SCJG", "SCJG", true), ("SCJG", "SCJG/head", false),
            ("*/head", "YJGL/head", true),
            ("SCJG/*", "SCJG/inspectors/I1", true), ("SCJG*", "SCJG", true), ("*/head", "SCJG", false),
            ("", "SCJG", false),
        ])
    func patterns(pattern: String, text: String, fits: Bool) { #expect(Channel.fits(pattern, text) == fits) }

    @Test("limits a robot's text to what it takes, and says how many do not fit")
    func long() throws {
        let reminders = try (0..<200).map { try ReminderTests.reminder([.contact], subject: "V\($0)/SCJG") }
        let digest = try #require(ReminderTests.digests(reminders, today: "2026-03-24").first)
        let url = try #require(URL(string: "http://127.0.0.1/"))
        let channel = Channel(id: "wx", kind: .wecom(url), recipients: ["*"])
        let text = try Templates().text(of: digest, for: channel)
        #expect(text.utf8.count <= 4_096 && text.utf8.count > 3_000)
        let listed = text.matches(of: /的检查结果应公示/).count
        #expect(text.contains("另有\(200 - listed)项未列出"))
    }

    @Test("takes a county's own templates, and names one that is broken")
    func templates() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "message.mustache")
        try Data("{{% CONTENT_TYPE:TEXT}}\n请{{name}}办理{{#entries}}《{{title}}》{{/entries}}".utf8).write(to: file)
        let digest = try #require(
            ReminderTests.digests([ReminderTests.reminder([.contact])], today: "2026-03-24").first)
        #expect(
            try Templates(folder: folder.path).message(digest)
                == "请市场监督管理局联络员办理《检查任务 V1/SCJG 的检查结果应公示》")
        try Data("{{#entries}}".utf8).write(to: file)
        let problem = #expect(throws: NotifierConfiguration.Problem.self) { try Templates(folder: folder.path) }
        #expect(problem?.description.contains("message.mustache") == true)
    }

    @Test("signs 钉钉's address as its documentation says")
    func dingtalk() throws {
        let url = try #require(URL(string: "https://oapi.dingtalk.com/robot/send?access_token=XX"))
        let signed = HTTPPost.dingtalk(url, secret: "this is secret", milliseconds: 1_577_262_236_757)
        // By another program: python3's hmac, hashlib, base64 and urllib.parse.quote_plus.
        #expect(
            signed.absoluteString
                == "https://oapi.dingtalk.com/robot/send?access_token=XX&timestamp=1577262236757&sign=hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"
        )
    }

    @Test("puts mail headers beyond ASCII into words that another reader understands")
    func encodedWords() {
        let subject = "【双随机、一公开】" + String(repeating: "办理", count: 40)
        let encoded = Mail.encoded(subject)
        let lines = encoded.split(separator: "\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 76 })
        let words = encoded.matches(of: /=\?UTF-8\?B\?([^?]*)\?=/).map { Data(base64Encoded: String($0.1)) ?? Data() }
        #expect(words.map { String(decoding: $0, as: UTF8.self) }.joined() == subject)
    }

    @Test("maps rows to an import sheet: headers, codes, dates, constants; a value without a code is an error")
    func mapping() throws {
        let mapping = try ExportMapping(
            yaml: """
                sheet: 抽查检查结果
                columns:
                  - {header: 统一社会信用代码, field: uscc}
                  - {header: 检查机关, value: "固阳县,市场监督管理局"}
                  - {header: 结果, field: categories, separator: "/", codes: {未发现问题: "1", 暂停营业: "11"}}
                  - {header: 日期, field: ended_on, date: YYYY年MM月DD日}
                """, fields: Export.results.fields, name: "结果.yaml")
        let row: JSONValue = ["uscc": "91X", "categories": ["未发现问题", "暂停营业"], "ended_on": "2026-03-09"]
        let table = try mapping.table([row])
        #expect(table == [["统一社会信用代码", "检查机关", "结果", "日期"], ["91X", "固阳县,市场监督管理局", "1/11", "2026年03月09日"]])
        #expect(ExportMapping.csv(table).hasSuffix("\r\n91X,\"固阳县,市场监督管理局\",1/11,2026年03月09日\r\n"))
        let sheet = try #require(mapping.workbook(table, created: 0).sheets.first)
        #expect(sheet.name == "抽查检查结果")
        #expect(sheet[1, 2]?.value == .text("1/11"), "a workbook's cells are text, as a platform's codes are")
        #expect(sheet[1, 3]?.value == .text("2026年03月09日"))
        let problem = #expect(throws: ExportMapping.Problem.self) { try mapping.table([["categories": ["注销"]]]) }
        #expect(problem?.description.contains("“注销”没有对应代码") == true)
        for export in Export.allCases { #expect(throws: Never.self) { try export.mapping() } }
        #expect(throws: ExportMapping.Problem.self) {
            try ExportMapping(yaml: "columns: [{header: 甲, field: nothing}]", fields: ["uscc"], name: "x")
        }
    }
}
