public import Kafka
public import Logging

/// What every process of a county is configured with, from the environment.
///
/// Keys: `YAOHAO_POSTGRES` (a libpq conninfo), `YAOHAO_KAFKA` (bootstrap servers), `YAOHAO_KAFKA_*` (passed through to
/// librdkafka: `YAOHAO_KAFKA_SECURITY_PROTOCOL` → `security.protocol`), `YAOHAO_TOPIC_PREFIX`, `YAOHAO_PARTITIONS`,
/// `YAOHAO_REPLICATION`, `YAOHAO_LEASE_MS`, `YAOHAO_TASK_PACE_MS`, `YAOHAO_NOTIFIER`, `YAOHAO_DEPARTMENT_RATE`,
/// `YAOHAO_LOG_LEVEL`, `YAOHAO_UNSIGNED`, `YAOHAO_FAULTS`, `YAOHAO_PORTAL`, `YAOHAO_PORTAL_URL`.
public struct Settings: Sendable {
    /// A variable that is missing or makes no sense.
    public struct Problem: Error, CustomStringConvertible {
        /// The message, in one line.
        public let description: String
    }

    /// One row of `yaohao help config`.
    public struct Key: Sendable {
        /// The variable.
        public let name: String
        /// What it is without being set.
        public let standard: String
        /// What it does, in English and Chinese.
        public let meaning: String

        /// A variable with its standard and meaning.
        public init(name: String, standard: String, meaning: String) {
            self.name = name
            self.standard = standard
            self.meaning = meaning
        }
    }

    /// Every variable that is read.
    public static let keys: [Key] = [
        Key(name: "YAOHAO_POSTGRES", standard: "(required)", meaning: "libpq conninfo of the database · 数据库连接"),
        Key(name: "YAOHAO_KAFKA", standard: "(required)", meaning: "bootstrap servers, host:port,… · 消息队列地址"),
        Key(
            name: "YAOHAO_KAFKA_*", standard: "",
            meaning: "any librdkafka setting, e.g. YAOHAO_KAFKA_SECURITY_PROTOCOL → security.protocol · 透传设置"),
        Key(name: "YAOHAO_TOPIC_PREFIX", standard: "yaohao.", meaning: "what topic names begin with · 主题前缀"),
        Key(name: "YAOHAO_PARTITIONS", standard: "6", meaning: "partitions of topics that migrate makes · 分区数"),
        Key(name: "YAOHAO_REPLICATION", standard: "1", meaning: "replicas of topics that migrate makes · 副本数"),
        Key(name: "YAOHAO_LEASE_MS", standard: "15000", meaning: "how long a task's lease holds unrenewed · 租约毫秒"),
        Key(
            name: "YAOHAO_TASK_PACE_MS", standard: "0",
            meaning: "dwell on each task, so that people can watch a small draw · 演示放慢"),
        Key(
            name: "YAOHAO_VISIT_CODE", standard: "yaohao:visit:{visit}",
            meaning: "what the QR code on notices says, {visit} for the visit's id · 检查通知书二维码内容"),
        Key(
            name: "YAOHAO_NOTIFIER", standard: "",
            meaning: "the notifier's file of outside sites and channels, YAML · 公示网站与提醒渠道配置文件"),
        Key(
            name: "YAOHAO_PORTAL", standard: "127.0.0.1:8080",
            meaning: "where the open site listens, host:port · 公示网站监听地址"),
        Key(
            name: "YAOHAO_PORTAL_URL", standard: "http://(YAOHAO_PORTAL)",
            meaning: "its address as citizens know it, for feeds and the sitemap · 公示网站对外地址"),
        Key(
            name: "YAOHAO_DEPARTMENT_RATE", standard: "100",
            meaning:
                "submissions of one department that a process takes in a second; ten times as many at once · 部门报送频率上限"),
        Key(name: "YAOHAO_LOG_LEVEL", standard: "info", meaning: "trace debug info notice warning error · 日志级别"),
        Key(
            name: "YAOHAO_UNSIGNED", standard: "",
            meaning: "'development' takes unsigned submissions; never in production · 仅供开发：接受未签名报送"),
        Key(
            name: "YAOHAO_FAULTS", standard: "",
            meaning:
                "'development POINT=CHANCE …' crashes at named points, see docs/reliability.md; never in production · 仅供测试：故障注入"
        ),
    ]

    /// The conninfo of the database.
    public let postgres: String
    /// How to reach the broker.
    public let kafka: KafkaSettings
    /// The county's topics.
    public let topics: Topics
    /// How many partitions new topics get.
    public let partitions: Int
    /// How many replicas new topics get.
    public let replication: Int
    /// How long a lease holds without being renewed.
    public let leaseMilliseconds: Int
    /// How long to dwell on each task.
    public let taskPaceMilliseconds: Int
    /// The file of the notifier's outside sites and channels; `nil` for none.
    public let notifierFile: String?
    /// Where the open site listens, `host:port`.
    public let portal: String
    /// Its address as citizens know it; `nil` when that is where it listens.
    public let portalURL: String?
    /// How many submissions of one department a process takes in a second.
    public let departmentRate: Int
    /// What is logged.
    public let logLevel: Logger.Level
    /// Whether submissions must be signed.
    public let trust: KeyDirectory.Mode
    /// Where the process ends or stops, for tests only; empty for nowhere.
    public let crashes: [CrashPoint: CrashPoint.Chance]

    /// Reads the environment. A part that the process does not need may be left out.
    ///
    /// - Throws: `Problem`, naming the variable.
    public init(
        environment: [String: String], needsPostgres: Bool = true, needsKafka: Bool = true
    ) throws {
        func number(_ name: String, _ standard: Int, _ bounds: ClosedRange<Int>) throws -> Int {
            guard let text = environment[name], !text.isEmpty else { return standard }
            guard let value = Int(text), bounds.contains(value) else {
                throw Problem(
                    description: "\(name): is not a whole number from \(bounds.lowerBound) to \(bounds.upperBound)")
            }
            return value
        }
        postgres = environment["YAOHAO_POSTGRES"] ?? ""
        if needsPostgres, postgres.isEmpty {
            throw Problem(description: "YAOHAO_POSTGRES: is not set; set it to the conninfo of the database")
        }
        do {
            kafka =
                try needsKafka || environment["YAOHAO_KAFKA"] != nil
                ? KafkaSettings(environment: environment) : KafkaSettings(bootstrapServers: "")
        } catch {
            throw Problem(description: error.message)
        }
        topics = Topics(prefix: environment["YAOHAO_TOPIC_PREFIX"] ?? "yaohao.")
        partitions = try number("YAOHAO_PARTITIONS", 6, 1...1_000)
        replication = try number("YAOHAO_REPLICATION", 1, 1...9)
        leaseMilliseconds = try number("YAOHAO_LEASE_MS", 15_000, 1_000...3_600_000)
        taskPaceMilliseconds = try number("YAOHAO_TASK_PACE_MS", 0, 0...60_000)
        notifierFile = environment["YAOHAO_NOTIFIER"].flatMap { $0.isEmpty ? nil : $0 }
        portal = environment["YAOHAO_PORTAL"].flatMap { $0.isEmpty ? nil : $0 } ?? "127.0.0.1:8080"
        portalURL = environment["YAOHAO_PORTAL_URL"].flatMap { $0.isEmpty ? nil : $0 }
        departmentRate = try number("YAOHAO_DEPARTMENT_RATE", 100, 1...1_000_000)
        let levelName = environment["YAOHAO_LOG_LEVEL"] ?? "info"
        guard let level = Logger.Level(rawValue: levelName) else {
            throw Problem(description: "YAOHAO_LOG_LEVEL: \(levelName) is no level; use trace, debug, info, …")
        }
        logLevel = level
        switch environment["YAOHAO_UNSIGNED"] ?? "" {
        case "": trust = .signed
        case "development": trust = .unsigned
        default: throw Problem(description: "YAOHAO_UNSIGNED: only 'development' can be set, and only for development")
        }
        let faults = environment["YAOHAO_FAULTS"] ?? ""
        guard let chances = faults.isEmpty ? [:] : CrashPoint.chances(faults) else {
            throw Problem(
                description:
                    "YAOHAO_FAULTS: write 'development POINT=CHANCE …', POINT=stop:CHANCE or POINT=linger:CHANCE, with chances from 0 to 1; the points are "
                    + CrashPoint.allCases.map(\.rawValue).joined(separator: ", "))
        }
        crashes = chances
    }
}
