/// The types that are known here, by their fixed OIDs (`pg_type.dat`). Types made with `CREATE TYPE` start at 16384.
enum PostgresType {
    static let bool: UInt32 = 16
    static let bytea: UInt32 = 17
    static let char: UInt32 = 18
    static let name: UInt32 = 19
    static let int8: UInt32 = 20
    static let int2: UInt32 = 21
    static let int4: UInt32 = 23
    static let text: UInt32 = 25
    static let oid: UInt32 = 26
    static let json: UInt32 = 114
    static let float4: UInt32 = 700
    static let float8: UInt32 = 701
    static let unknown: UInt32 = 705
    static let bpchar: UInt32 = 1042
    static let varchar: UInt32 = 1043
    static let date: UInt32 = 1082
    static let timestamp: UInt32 = 1114
    static let timestamptz: UInt32 = 1184
    static let numeric: UInt32 = 1700
    static let uuid: UInt32 = 2950
    static let jsonb: UInt32 = 3802
    static let interval: UInt32 = 1186

    static let boolArray: UInt32 = 1000
    static let byteaArray: UInt32 = 1001
    static let int4Array: UInt32 = 1007
    static let textArray: UInt32 = 1009
    static let int8Array: UInt32 = 1016
    static let float8Array: UInt32 = 1022
    static let timestamptzArray: UInt32 = 1185
    static let intervalArray: UInt32 = 1187
    static let uuidArray: UInt32 = 2951
    static let jsonbArray: UInt32 = 3807

    static let firstUserDefined: UInt32 = 16384

    /// For messages.
    static let names: [UInt32: String] = [
        bool: "bool", bytea: "bytea", char: "\"char\"", name: "name", int8: "int8", int2: "int2", int4: "int4",
        text: "text", oid: "oid", json: "json", float4: "float4", float8: "float8", unknown: "unknown",
        bpchar: "char", varchar: "varchar", date: "date", timestamp: "timestamp", timestamptz: "timestamptz",
        numeric: "numeric", uuid: "uuid", jsonb: "jsonb", interval: "interval", 2278: "void", 2249: "record",
        boolArray: "bool[]", byteaArray: "bytea[]", int4Array: "int4[]", textArray: "text[]", int8Array: "int8[]",
        float8Array: "float8[]", timestamptzArray: "timestamptz[]", uuidArray: "uuid[]", jsonbArray: "jsonb[]",
    ]
}
