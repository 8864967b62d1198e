/// What a known word says.
enum PlanWord: Hashable, Sendable {
    // Signs
    case range, slash, colon, open, close
    /// Parts statements (；。), parts them loosely (，), joins items of a list (、和).
    case strong, soft, list

    // Quantities
    /// A share's unit behind its number, in parts per million: % is 10,000.
    case share(Int)
    /// A share's unit before its number: 百分之.
    case shareOf(Int)
    /// 分之, between the lower and the upper number of a fraction.
    case fraction
    /// A share that a word says, in parts per million: 全覆盖, 一半, 三成.
    case fixed(Int)
    /// What objects are counted in: 户, 家.
    case unit
    /// 次.
    case times
    /// 每 with a span of time; how many there are in a year.
    case every(Int)
    /// 每 before a number.
    case each
    /// A span of time; how many there are in a year: 年, 季度, 月.
    case span(Int)
    /// 个月.
    case months
    /// 每周, 每天: a frequency that is no whole number of times in a year.
    case unevenSpan
    case atLeast, atMost, orMore, orLess, exactly

    // What is drawn from, by class
    /// 级, 类: what makes a number or letter a class.
    case grade
    /// 甲等, 乙等: what divides a grade once more.
    case rank
    /// A class by name: 低风险, 守信.
    case named
    /// 分别.
    case respectively

    // What a number is of
    case ofRate, ofCount, ofTimes, ofPool
    /// 占: what a number of objects is of the pool.
    case makesUp
    /// Words that name a rule: 根据信用风险分类结果 says something only where the rule itself follows.
    case citing
    /// What a share is of: 总数的. Whatever stands before it only says of what.
    case base
    /// Words that carry nothing: 抽取, 按, 的.
    case filler
    /// Kinds of objects: 企业, 单位.
    case noun
    /// A complete statement that there is no rule: 不涉及.
    case nothing
    /// Words that make what stands beside them uncertain: 约, 原则上, 一定比例.
    case hedge

    // Days
    case year, month, day, quarter, firstHalf, secondHalf, wholeYear, ordinal
    /// 上旬, 中旬, 下旬, from 0.
    case third(Int)
    /// 底, 末.
    case end
    /// 前, and what ends at a day: 截至.
    case before, until
    /// 起.
    case since
    case nextYear, dot
}
