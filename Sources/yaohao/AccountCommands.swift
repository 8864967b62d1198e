import ArgumentParser
import Console
import Foundation

/// `yaohao accounts`: who may sign in at the operators' console. The login needs the role `yaohao_keys`.
struct AccountCommands: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accounts", abstract: "Add, list and disable accounts of the console, set passwords · 工作台账号",
        subcommands: [Add.self, List.self, Disable.self, Enable.self, Password.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Make an account; the password is read from standard input · 新建",
            discussion: "Duties: \(Duty.allCases.map { "\($0.rawValue) \($0.chinese)" }.joined(separator: ", ")).")

        @Argument(help: "What is typed to sign in: a-z 0-9 . _ - · 账号") var login: String
        @Option(help: "The person's name · 姓名") var name: String
        @Option(help: "The department's id · 部门") var department: String
        @Option(help: "Duties, comma-separated, in either language · 岗位") var roles: String

        func run() async throws {
            let duties = try roles.split(whereSeparator: { ",，、".contains($0) }).map { name in
                guard let duty = Duty(named: name.trimmingCharacters(in: .whitespaces)) else {
                    let names = Duty.allCases.map { "\($0.rawValue)（\($0.chinese)）" }.joined(separator: " ")
                    complain("--roles: 没有岗位“\(name)” / is no duty; use \(names)")
                    throw ExitStatus.wrongInput
                }
                return duty
            }
            let account = Account(login: login, name: name, department: department, duties: Set(duties))
            let password = try AccountCommands.newPassword(login)
            do {
                try await withPool(settings(needsKafka: false)) {
                    try await Accounts(pool: $0).add(account, password: password)
                }
            } catch let problem as Accounts.Problem {
                complain("\(problem)")
                throw ExitStatus.wrongInput
            }
            say("\(login)\t\(department)\t\(account.duties.map(\.rawValue).sorted().joined(separator: ","))")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(commandName: "list", abstract: "List the accounts · 列表")

        @Option(help: "Only of this department · 部门") var department: String?

        func run() async throws {
            let accounts = try await withPool(settings(needsKafka: false)) {
                try await Accounts(pool: $0).list(department: department)
            }
            for (account, lastSignIn) in accounts {
                say(
                    [
                        account.login, account.name, account.department,
                        account.duties.map(\.chinese).sorted().joined(separator: "、"),
                        account.isDisabled ? "已停用 disabled" : "可用 active", lastSignIn ?? "-",
                    ].joined(separator: "\t"))
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "disable",
            abstract: "End an account; whoever is signed in with it is signed out · 停用")

        @Argument(help: "The account · 账号") var login: String

        func run() async throws { try await AccountCommands.change(login) { try await $0.disable(login) } }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "enable", abstract: "Let a disabled account be used again · 恢复")

        @Argument(help: "The account · 账号") var login: String

        func run() async throws { try await AccountCommands.change(login) { try await $0.disable(login, false) } }
    }

    struct Password: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "password",
            abstract: "Set a password, read from standard input; old sessions end · 重设密码")

        @Argument(help: "The account · 账号") var login: String

        func run() async throws {
            let password = try AccountCommands.newPassword(login)
            try await AccountCommands.change(login) { try await $0.setPassword(password, of: login) }
        }
    }

    private static func change(_ login: String, _ work: (Accounts) async throws -> Bool) async throws {
        guard try await withPool(settings(needsKafka: false), { try await work(Accounts(pool: $0)) }) else {
            complain("没有账号 \(login) / there is no such account; see `yaohao accounts list`")
            throw ExitStatus.answerIsNo
        }
        say(login)
    }

    /// The password on the first line of standard input; a terminal does not show it.
    private static func newPassword(_ login: String) throws -> PasswordHash {
        let isTerminal = isatty(STDIN_FILENO) == 1
        var saved = termios()
        if isTerminal {
            tcgetattr(STDIN_FILENO, &saved)
            var silent = saved
            silent.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(STDIN_FILENO, TCSANOW, &silent)
            FileHandle.standardError.write(Data("密码 password: ".utf8))
        }
        let password = readLine() ?? ""
        if isTerminal {
            tcsetattr(STDIN_FILENO, TCSANOW, &saved)
            FileHandle.standardError.write(Data("\n".utf8))
        }
        if let problem = PasswordHash.problem(of: password, login: login) {
            complain("password: \(problem)")
            throw ExitStatus.wrongInput
        }
        return try PasswordHash(of: password)
    }
}
