import Cluster
import JSON

/// The rows that one message carries, read and made ready one by one.
struct StagedPage {
    let feed: FeedName
    let version: Int
    /// That of the first row.
    let position: Int
    let partition: Int
    let digest: [UInt8]

    /// How many rows it has.
    private(set) var rows = 0
    /// The position of the last one.
    private(set) var last: Int
    private(set) var contents: PageContents
    /// The departments that its good rows name.
    private(set) var departments: Set<String> = []
    /// The divisions, by six digits, and the industries that its good rows name; none where the register's rows name none.
    private(set) var regions: Set<String> = []
    private(set) var industries: Set<String> = []

    private let departmentPlace: Int?
    private let codePlaces: (region: Int, industry: Int)?
    /// What the last row said there: mostly the next one says the same.
    private var latest: (department: JSONValue, region: JSONValue, industry: JSONValue) = (.null, .null, .null)

    /// A page without rows.
    ///
    /// - Parameter size: of the message that its rows are read from, in bytes.
    init(feed: FeedName, version: Int, position: Int, partition: Int, digest: [UInt8], size: Int = 0) {
        self.feed = feed
        self.version = version
        self.position = position
        self.partition = partition
        self.digest = digest
        last = position
        let columns = feed.register.columns
        contents = PageContents(columns, size: size)
        departmentPlace = columns.firstIndex { $0 == feed.register.departmentColumn }
        if feed.register == .entities, let region = columns.firstIndex(where: { $0.name == "region" }),
            let industry = columns.firstIndex(where: { $0.name == "industry" })
        {
            codePlaces = (region, industry)
        } else {
            codePlaces = nil
        }
    }

    /// Reads the page of an event.
    ///
    /// - Throws: `Undeliverable` when it is no message of rows.
    init(_ event: CloudEvent, of feed: FeedName, version: Int, position: Int, partition: Int) throws {
        self.init(
            feed: feed, version: version, position: position, partition: partition, digest: event.bodyDigest,
            size: event.data?.count ?? 0)
        try StagedRow.each(of: event, position: position, register: feed.register) { append($0) }
    }

    /// Adds the next row.
    mutating func append(_ row: StagedRow) {
        rows += 1
        last = row.position
        contents.append(row, version)
        guard case .good(let cells) = row.content else { return }
        if let departmentPlace { note(department: cells[departmentPlace]) }
        if let codePlaces {
            let (region, industry) = (cells[codePlaces.region], cells[codePlaces.industry])
            if region != latest.region, let code = region.text { regions.insert(String(code.prefix(6))) }
            if industry != latest.industry, let code = industry.text { industries.insert(code) }
            (latest.region, latest.industry) = (region, industry)
        }
    }

    private mutating func note(department: JSONValue) {
        guard department != latest.department else { return }
        latest.department = department
        switch department {
        case .string(let id): departments.insert(id)
        case .array(let ids): departments.formUnion(ids.compactMap(\.text))
        default: break
        }
    }
}

extension Register {
    /// The column in which rows name departments; `nil` where they name none.
    var departmentColumn: Column? { columns.first { $0.name == "regulators" || $0.name == "department" } }
}
