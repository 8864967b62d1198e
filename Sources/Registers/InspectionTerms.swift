public import JSON

extension CountyRules {
    /// A span that a deadline is counted with (期限).
    public enum Term: Sendable, Hashable {
        /// Calendar days (日).
        case days(Int)
        /// Working days (工作日).
        case workingDays(Int)

        init(_ field: JSONField) throws {
            self = try field.object { reader in
                if let days = reader.optional("days") { return .days(try days.integer(in: 0...3_660)) }
                return .workingDays(try reader.integer("working_days", in: 0...250))
            }
        }

        /// The last day of the span that begins the day after.
        ///
        /// - Throws: `WorkingCalendar.UnknownYear`.
        public func day(after day: Day, _ calendar: WorkingCalendar) throws -> Day {
            switch self {
            case .days(let count): day.adding(days: count)
            case .workingDays(let count): try calendar.adding(workingDays: count, to: day)
            }
        }
    }

    /// Within what time things are done after a visit or a lead (检查后续期限).
    public struct InspectionTerms: Sendable, Hashable {
        /// A result is entered, after the inspection's end; later ones are taken and marked late.
        public let resultEntry: Term
        /// A correction is looked at again, after its due day.
        public let reinspection: Term
        /// A referral to the judiciary is approved or refused.
        public let referralApproval: Term
        /// It is handed over, in hours after the approval.
        public let referralHandOverHours: Int
        /// Who can't be reached is put on the list of abnormal operations.
        public let abnormalListing: Term
        /// A lead is inspected.
        public let leadAction: Term
        /// Unlicensed trade is acted upon.
        public let unlicensedAction: Term
        /// It is decided whether a case is filed.
        public let caseDecision: Term

        init(_ field: JSONField) throws {
            self = try field.object { try InspectionTerms(&$0) }
        }

        private init(_ reader: inout JSONReader) throws {
            resultEntry = try Term(reader.required("result_entry"))
            reinspection = try Term(reader.required("reinspection"))
            referralApproval = try Term(reader.required("referral_approval"))
            referralHandOverHours = try reader.integer("referral_hand_over_hours", in: 1...8_784)
            abnormalListing = try Term(reader.required("abnormal_listing"))
            leadAction = try Term(reader.required("lead_action"))
            unlicensedAction = try Term(reader.required("unlicensed_action"))
            caseDecision = try Term(reader.required("case_decision"))
        }
    }

    /// When a finding has become common (普遍性问题), and at what rate a special inspection is then proposed.
    public struct CommonFindings: Sendable, Hashable {
        /// How many days are looked back upon, today included.
        public let windowDays: Int
        /// Findings of one category, item and industry, at least.
        public let leastFindings: Int
        /// Entities that they were made at, at least.
        public let leastEntities: Int
        /// How many characters of the industry's code are taken together: 1 is 门类, 3 is 大类.
        public let industryLength: Int
        /// Bounds of the proposed rate, in parts per million.
        public let ratePPM: ClosedRange<Int>

        init(_ field: JSONField) throws {
            self = try field.object { reader in
                let least = try reader.integer("min_rate_ppm", in: 1...1_000_000)
                return CommonFindings(
                    windowDays: try reader.integer("window_days", in: 1...3_660),
                    leastFindings: try reader.integer("least_findings", in: 1...1_000_000),
                    leastEntities: try reader.integer("least_entities", in: 1...1_000_000),
                    industryLength: try reader.integer("industry_length", in: 1...8),
                    ratePPM: least...(try reader.integer("max_rate_ppm", in: least...1_000_000)))
            }
        }

        /// A rule of the given parts.
        public init(
            windowDays: Int, leastFindings: Int, leastEntities: Int, industryLength: Int, ratePPM: ClosedRange<Int>
        ) {
            self.windowDays = windowDays
            self.leastFindings = leastFindings
            self.leastEntities = leastEntities
            self.industryLength = industryLength
            self.ratePPM = ratePPM
        }

        /// As the rule states it.
        public var json: JSONValue {
            [
                "window_days": .integer(windowDays), "least_findings": .integer(leastFindings),
                "least_entities": .integer(leastEntities), "industry_length": .integer(industryLength),
                "min_rate_ppm": .integer(ratePPM.lowerBound), "max_rate_ppm": .integer(ratePPM.upperBound),
            ]
        }
    }
}
