import Cluster
import Foundation
import JSON
import Logging
import Postgres
import Registers
import Testing

@testable import Notices

@Suite("Channels to people, with PostgreSQL, HTTP and mail")
struct ChannelTests {
    /// A county in which a result of YJGL waits to be published, due on 24 March 2026.
    static func stuck(_ test: (InspectedCounty) async throws -> Void) async throws { try await LadderTests.stuck(test) }

    @Test("of 企业微信, 钉钉 and plain webhooks get what each wants, and a robot that refuses is tried again")
    func robots() async throws {
        try await Self.stuck { county in
            try await Sink.with { sink in
                let text = """
                    channels:
                      - {id: wx, kind: wecom, url: "http://127.0.0.1:\(sink.port)/cgi-bin/webhook/send?key=k"}
                      - id: ding
                        kind: dingtalk
                        url: "http://127.0.0.1:\(sink.port)/robot/send?access_token=t"
                        secret: SECxyz
                        recipients: ["YJGL*"]
                      - {id: plain, kind: webhook, url: "http://127.0.0.1:\(sink.port)/hook", recipients: ["*/head"]}
                    """
                let configuration = try NotifierConfiguration(file: sink.write(text, to: "notifier.yaml"))
                let clock = try HandClock("2026-03-25")
                let notifier = Notifier(
                    pool: county.notifier, topics: InspectedCounty.topics, configuration: configuration, clock: clock,
                    logger: SiteTests.quiet)
                try await notifier.sweep()
                let courier = SiteTests.courier(county, configuration, clock)
                try sink.set(mode: "refuse")
                try await courier.deliverAll()
                try sink.set(mode: "ok")
                clock.move(to: try #require(Day("2026-03-25")), minute: 9 * 60 + 5)
                try await courier.deliverAll()

                let requests = try sink.requests()
                let wecom = requests.filter { $0.path == "/cgi-bin/webhook/send?key=k" }
                let ding = requests.filter { $0.path.hasPrefix("/robot/send?access_token=t&timestamp=") }
                let plain = requests.filter { $0.path == "/hook" }
                let recipients = try await county.count("SELECT count(*) FROM notices.notices")
                // Robots refused everything once; the plain hook's 200 was taken as such.
                #expect(wecom.count == 2 * recipients)
                #expect(plain.count == 1)
                #expect(ding.allSatisfy { $0.path.contains("&sign=") })
                let first = try JSONValue(parsing: try #require(wecom.first).body)
                #expect(first["msgtype"] == "markdown")
                #expect(first["markdown"]?["content"]?.text?.contains("“双随机、一公开”有") == true)
                let titled = try JSONValue(parsing: try #require(ding.first).body)
                #expect(titled["markdown"]?["title"]?.text?.hasPrefix("【双随机、一公开】") == true)
                let hook = try JSONValue(parsing: try #require(plain.first).body)
                #expect(hook["recipient"] == "YJGL/head" && hook["entries"]?.elements?.isEmpty == false)
                let states = try await county.texts("SELECT DISTINCT state FROM notices.deliveries")
                #expect(states == ["delivered"])
                let ledger = try await LedgerEntry.list(LedgerFilter(department: "YJGL"), from: county.owner)
                #expect(
                    ledger.contains { $0.json["deliveries"]?.elements?.contains { $0["channel"] == "ding" } == true })
            }
        }
    }

    @Test(
        "by mail go through msmtp to a real SMTP server, with a subject and text in Chinese; a refused one goes later")
    func mail() async throws {
        try await Self.stuck { county in
            try await Sink.with("mail") { sink in
                let settings = try sink.write(
                    "account default\nhost 127.0.0.1\nport \(sink.port)\nauth off\ntls off\n", to: "msmtprc")
                let program = try sink.write(
                    "#!/bin/sh\nexec msmtp -C \(settings) \"$@\"\n", to: "sendmail", mode: 0o700)
                let text = """
                    channels:
                      - id: mail
                        kind: mail
                        sendmail: \(program)
                        from: yaohao@example.cn
                        addresses: {YJGL: [lianluoyuan@example.cn], YJGL/head: [fuzeren@example.cn, fu@example.cn]}
                    """
                let configuration = try NotifierConfiguration(file: sink.write(text, to: "notifier.yaml"))
                let clock = try HandClock("2026-03-25")
                let notifier = Notifier(
                    pool: county.notifier, topics: InspectedCounty.topics, configuration: configuration, clock: clock,
                    logger: SiteTests.quiet)
                try await notifier.sweep()
                let courier = SiteTests.courier(county, configuration, clock)
                try sink.set(mode: "later")
                try await courier.deliverAll()
                #expect(try sink.kept().isEmpty)
                let refused: SQL = "SELECT DISTINCT state || ' ' || (status <> 0) FROM notices.deliveries"
                #expect(try await county.texts(refused) == ["waiting true"])
                try sink.set(mode: "ok")
                clock.move(to: try #require(Day("2026-03-25")), minute: 9 * 60 + 5)
                try await courier.deliverAll()
                let mails = try sink.kept()
                #expect(mails.count == 2)
                let head = try #require(mails.first { $0["to"]?.elements?.count == 2 })
                #expect(head["sender"]?.text?.contains("<yaohao@example.cn>") == true)
                let data = try #require(head["data"]?.text)
                let parts = data.replacing("\r\n", with: "\n").split(separator: "\n\n", maxSplits: 1)
                let subject = parts[0].split(separator: "\n").first { $0.hasPrefix("Subject: ") } ?? ""
                let word = try #require(subject.firstMatch(of: /=\?UTF-8\?B\?([^?]*)\?=/))
                #expect(
                    String(decoding: try #require(Data(base64Encoded: String(word.1))), as: UTF8.self)
                        .hasPrefix("【双随机、一公开】"))
                let encoded = parts[1].replacing("\n", with: "").split(separator: ".").first ?? ""
                let body = String(decoding: try #require(Data(base64Encoded: String(encoded))), as: UTF8.self)
                #expect(body.contains("应急管理局负责人") && body.contains("R-1-E1 的检查结果应公示"))
                #expect(
                    try await county.count("SELECT count(*) FROM notices.deliveries WHERE state = 'delivered'") == 2)
            }
        }
    }
}
