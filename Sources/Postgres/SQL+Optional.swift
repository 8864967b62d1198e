extension SQL.Interpolation {
    /// Binds a value that may be absent: `nil` is NULL. The label says that this is meant.
    public mutating func appendInterpolation<Value: PostgresEncodable>(optional value: Value?) {
        appendInterpolation(value)
    }
}
