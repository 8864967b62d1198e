import Cluster
import JSON

/// The code lists (代码表) that rows of objects are held against: administrative divisions (行政区划代码) and industries
/// (国民经济行业分类), as they come with the program, with what the county has added.
///
/// Sources: GB/T 2260 (the provinces, and Inner Mongolia down to its counties), GB/T 4754-2017 (sections, divisions and
/// groups). A code of a class, the fourth digit, is taken with its group.
public struct CodeLists: Sendable {
    /// How the county has one kind of code checked, the rules `region_codes` and `industry_codes`.
    public struct Setting: Sendable, Hashable {
        /// Whether a code must be in the list; else its form is enough.
        public let usesList: Bool
        /// Codes that the county has added to the list.
        public let more: Set<String>

        init(_ field: JSONField) throws {
            (usesList, more) = try field.object { reader in
                let check = try reader.required("check")
                let word = try check.string()
                guard ["list", "form"].contains(word) else {
                    throw check.error("应为 list（按代码表）或 form（只核对形式）/ is neither list nor form")
                }
                return (word == "list", Set(try reader.strings("more")))
            }
        }
    }

    private let regions: Setting
    private let industries: Setting

    /// The lists as the county's rules have them used.
    public init(_ rules: CountyRules) {
        regions = rules.regionCodes
        industries = rules.industryCodes
    }

    private static func codes(_ csv: [UInt8]) -> Set<String> {
        Set(
            String(decoding: csv, as: UTF8.self).split(separator: "\n").dropFirst().compactMap { line in
                line.split(separator: ",").first.map(String.init)
            })
    }

    private static let divisions = codes(PackageResources.divisions_csv)
    /// The provinces of which the list has every county.
    private static let wholeProvinces = Set(divisions.filter { !$0.hasSuffix("0000") }.map { $0.prefix(2) })
    private static let industryCodes = codes(PackageResources.industries_csv)
    /// Codes without the letter of their section, which many departments leave out.
    private static let industryDigits = Set(industryCodes.map { $0.dropFirst() }.filter { !$0.isEmpty })

    /// Whether there is a division of this code (6 to 12 digits): its first six digits count.
    public func knows(region code: String) -> Bool {
        guard regions.usesList, code.utf8.count >= 6 else { return true }
        let county = String(code.prefix(6))
        if regions.more.contains(county) || regions.more.contains(code) { return true }
        guard Self.wholeProvinces.contains(county.prefix(2)) else {
            return Self.divisions.contains(county.prefix(2) + "0000")
        }
        return Self.divisions.contains(county)
    }

    /// Whether there is an industry of this code: a section's letter, two to four digits, or both.
    public func knows(industry code: String) -> Bool {
        guard industries.usesList, !industries.more.contains(code) else { return true }
        let hasLetter = code.utf8.first.map { (0x41...0x5A).contains($0) } ?? false
        let digits = hasLetter ? code.dropFirst() : code[...]
        guard digits.utf8.count <= 4, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        // The fourth digit is that of a class.
        let group = String(code.prefix(hasLetter ? 4 : 3))
        return hasLetter ? Self.industryCodes.contains(group) : Self.industryDigits.contains(group[...])
    }

    /// What is wrong with codes that are in no list.
    func findings(region: String, industry: String) -> [Finding] {
        var findings: [Finding] = []
        if !knows(region: region) { findings.append(Self.unknownRegion(region)) }
        if !knows(industry: industry) { findings.append(Self.unknownIndustry(industry)) }
        return findings
    }

    static func unknownRegion(_ code: String) -> Finding {
        Finding(
            field: "region", code: "region.unknown",
            message: "行政区划代码 \(code) 不在代码表（GB/T 2260）中，请核对；确有此代码的，请联席会议办公室用规则 region_codes 补充 / "
                + "\(code) is in no list of divisions; correct it, or have it added by the rule region_codes")
    }

    static func unknownIndustry(_ code: String) -> Finding {
        Finding(
            field: "industry", code: "industry.unknown",
            message: "行业代码 \(code) 不在代码表（GB/T 4754-2017）中，请核对；确有此代码的，请联席会议办公室用规则 industry_codes 补充 / "
                + "\(code) is in no list of industries; correct it, or have it added by the rule industry_codes")
    }
}
