import Testing
import Web

@testable import Console

@Suite("Signing in, by pure rules with the clock handed in")
struct SignInTests {
    @Test(
        "costs nothing for a few failures, then each doubles the wait up to the cap",
        arguments: [
            SignInLimit.pair, .login, .address,
        ])
    func backoff(limit: SignInLimit) {
        for failures in 0...limit.free { #expect(limit.wait(failures: failures, sinceLast: 0) == 0) }
        var last = 0
        for failures in (limit.free + 1)...(limit.free + 60) {
            let wait = limit.wait(failures: failures, sinceLast: 0)
            #expect(wait == min(limit.cap, last == 0 ? limit.base : last * 2))
            last = wait
            #expect(limit.wait(failures: failures, sinceLast: wait - 1) == 1)
            #expect(limit.wait(failures: failures, sinceLast: wait) == 0)
        }
        #expect(last == limit.cap)
    }

    @Test("cannot keep an account's owner out for long by failing in his name from elsewhere")
    func mildness() { #expect(SignInLimit.login.cap <= 120) }

    @Test(
        "lasts until it is idle too long or too old, whichever comes first",
        arguments: [
            (0, 0, false), (1_799, 1_799, false), (1_800, 1_800, true), (43_199, 5, false), (43_200, 5, true),
        ])
    func terms(age: Int, idle: Int, isOver: Bool) {
        #expect(SessionTerms.standard.isOver(age: age, idleFor: idle) == isOver)
    }

    @Test("gives each form a token of its session and its address, and takes no other")
    func tokens() throws {
        let session = SessionSecret()
        let token = session.formToken(for: "/forms/result")
        #expect(session.isToken(token, for: "/forms/result"))
        #expect(!session.isToken(token, for: "/forms/review"))
        #expect(!SessionSecret().isToken(token, for: "/forms/result"))
        for wrong in ["", "0", token + "0", String(token.dropLast()), token.uppercased()] where wrong != token {
            #expect(!session.isToken(wrong, for: "/forms/result"))
        }
        #expect(SessionSecret(text: session.text) == session)
        #expect(session.text.utf8.count == 43)
        for wrong in ["", "a", session.text + "A", String(repeating: "*", count: 43)] {
            #expect(SessionSecret(text: wrong) == nil)
        }
        #expect(SessionSecret().hash != SessionSecret().hash)
    }

    @Test("keeps passwords as scrypt hashes that carry their own parameters and salt")
    func hashes() throws {
        let salt = Array("sample salt 0123".utf8)
        let hash = try PasswordHash(of: "四只 蓝色 陶罐", salt: salt, logarithm: 10, blockSize: 8, parallelism: 1)
        let read = try #require(PasswordHash(text: hash.text))
        #expect(read == hash)
        #expect(read.matches("四只 蓝色 陶罐"))
        #expect(!read.matches("四只 蓝色 陶罐 "))
        #expect(!read.matches(""))
        #expect(!read.matches(String(repeating: "长", count: 500)))
        #expect(hash.text.hasPrefix("$scrypt$ln=10,r=8,p=1$"))
        #expect(try PasswordHash(of: "四只 蓝色 陶罐").text != PasswordHash(of: "四只 蓝色 陶罐").text)
        for wrong in ["", "$scrypt$", "$scrypt$ln=99,r=8,p=1$AAAA$AAAA", "$argon2id$v=19$m=1$AA$BB", hash.text + "$x"] {
            #expect(PasswordHash(text: wrong) == nil)
        }
    }

    @Test("agrees with RFC 7914 §12")
    func vector() throws {
        let hash = try PasswordHash(
            of: "pleaseletmein", salt: Array("SodiumChloride".utf8), logarithm: 14, blockSize: 8, parallelism: 1)
        let digits = hash.hash.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        #expect(digits == "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2")
    }

    @Test(
        "refuses passwords that are short, monotonous or hold the login",
        arguments: [
            ("short", false), ("aaaaaaaaaaaaaaaa", false), ("li.si-is-my-login", false), ("四只 蓝色 陶罐 在窗台", true),
        ])
    func passwords(password: String, isGood: Bool) {
        #expect((PasswordHash.problem(of: password, login: "li.si") == nil) == isGood)
    }

    @Test(
        "leads nowhere else afterwards",
        arguments: [
            ("/visits?state=ended", "/visits?state=ended"), ("//evil.example", "/home"),
            ("https://evil.example", "/home"),
            ("/\\evil.example", "/home"), ("/sign-out", "/home"), ("", "/home"), ("/a\r\nSet-Cookie: x", "/home"),
        ])
    func targets(target: String, where expected: String) { #expect(Console.local(target) == expected) }

    @Test("needs TLS before a console that others can reach")
    func settings() throws {
        let own = WebServer.Address(host: "127.0.0.1", port: 1)
        let other = WebServer.Address(host: "10.0.0.1", port: 1)
        #expect(throws: Never.self) { try ConsoleSettings(address: own, origin: nil, keys: []) }
        #expect(throws: ConsoleSettings.Problem.self) { try ConsoleSettings(address: other, origin: nil, keys: []) }
        #expect(throws: ConsoleSettings.Problem.self) {
            try ConsoleSettings(address: other, origin: "http://console.example", keys: [])
        }
        #expect(try ConsoleSettings(address: other, origin: "https://console.example", keys: []).isSecure)
    }
}
