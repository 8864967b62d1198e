// swift-tools-version: 6.1
import PackageDescription

/// Settings every target of ours shares: the Swift 6 language mode and the upcoming features that keep imports honest.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let cryptoExtras = Target.Dependency.product(name: "CryptoExtras", package: "swift-crypto")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

// Floors, lowest first: a floor imports only floors below it, and slices on one floor do not import each other.
let package = Package(
    name: "yaohao",
    products: [.executable(name: "yaohao", targets: ["yaohao"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.80.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0"),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Floor 0
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CRdKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .target(name: "JSON", swiftSettings: settings),
        .systemLibrary(name: "CXlsxWriter", pkgConfig: "xlsxwriter", providers: [.apt(["libxlsxwriter-dev"])]),
        .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
        .systemLibrary(name: "CQRencode", pkgConfig: "libqrencode", providers: [.apt(["libqrencode-dev"])]),
        .target(name: "Tables", dependencies: ["CZip"], swiftSettings: settings),
        // Floor 1
        .target(name: "YAML", dependencies: ["JSON", yams], swiftSettings: settings),
        .target(name: "Sheets", dependencies: ["CXlsxWriter"], swiftSettings: settings),
        .target(name: "Postgres", dependencies: ["CLibpq", logging], swiftSettings: settings),
        .target(name: "Kafka", dependencies: ["CRdKafka", logging], swiftSettings: settings),
        .target(name: "Draw", dependencies: ["JSON", crypto], swiftSettings: settings),
        .target(
            name: "Web",
            dependencies: [
                "JSON", hummingbird, hummingbirdCore, mustache, httpTypes,
                crypto,
                logging, lifecycle, nio,
            ],
            resources: [.embedInCode("Assets"), .embedInCode("Templates"), .embedInCode("Texts")],
            swiftSettings: settings),
        // Floor 2
        .target(
            name: "Cluster",
            dependencies: ["JSON", "Postgres", "Kafka", crypto, logging, lifecycle],
            resources: [.embedInCode("Migrations")],
            swiftSettings: settings),
        // Floor 3
        .target(
            name: "Registers",
            dependencies: ["Cluster", "JSON", "Tables", "YAML", "Postgres", "Kafka", crypto, logging, lifecycle],
            resources: [.embedInCode("Migrations"), .embedInCode("Data")],
            swiftSettings: settings),
        // Floor 4
        .target(
            name: "Plans",
            dependencies: ["Cluster", "Registers", "Draw", "Tables", "JSON", "Postgres", logging],
            resources: [.embedInCode("Migrations")],
            swiftSettings: settings),
        .target(
            name: "Rounds",
            dependencies: ["Cluster", "Registers", "Draw", "JSON", "Postgres", crypto, logging],
            resources: [.embedInCode("Migrations")],
            swiftSettings: settings),
        .target(
            name: "Inspections",
            dependencies: ["Cluster", "Registers", "Draw", "CQRencode", "JSON", "Postgres", logging, mustache],
            resources: [.embedInCode("Migrations"), .embedInCode("Templates")],
            swiftSettings: settings),
        .target(
            name: "Notices",
            dependencies: [
                "Cluster", "Registers", "JSON", "YAML", "Sheets", "Postgres", mustache, crypto, logging, lifecycle,
            ],
            resources: [.embedInCode("Migrations")],
            swiftSettings: settings),
        .target(
            name: "Returns",
            dependencies: ["Cluster", "Registers", "Sheets", "JSON", "Postgres", crypto, mustache],
            resources: [.embedInCode("Migrations"), .embedInCode("Templates")],
            swiftSettings: settings),
        // Floor 5
        .target(
            name: "Portal",
            dependencies: [
                "Web", "Cluster", "Draw", "CZip", "JSON", "Postgres", hummingbird, httpTypes, mustache, crypto, logging,
            ],
            resources: [
                .embedInCode("Assets"), .embedInCode("Migrations"), .embedInCode("Templates"), .embedInCode("Texts"),
            ],
            swiftSettings: settings),
        .target(
            name: "Console",
            dependencies: [
                "Web", "Cluster", "Registers", "Plans", "Rounds", "Inspections", "Notices", "Returns", "JSON",
                "Postgres", "Kafka", hummingbird, .product(name: "HTTPTypes", package: "swift-http-types"), crypto,
                cryptoExtras, logging, lifecycle,
            ],
            resources: [
                .embedInCode("Migrations"), .embedInCode("Templates"), .embedInCode("Texts"), .embedInCode("Assets"),
            ],
            swiftSettings: settings),
        // Floor 6
        .executableTarget(
            name: "yaohao",
            dependencies: [
                "Draw", "JSON", "Tables", "YAML", "Postgres", "Kafka", "Cluster", "Registers", "Plans", "Rounds",
                "Inspections", "Notices", "Returns", "Web", "Portal", "Console", "Sheets", arguments, crypto, logging,
                lifecycle, signals,
            ],
            swiftSettings: settings),
        // Measurements
        .executableTarget(
            name: "bench-postgres", dependencies: ["Postgres"], path: "Benchmarks/Postgres", swiftSettings: settings),
        .executableTarget(
            name: "bench-feed", dependencies: ["Cluster", "Registers", "Kafka", logging], path: "Benchmarks/Feed",
            swiftSettings: settings),
        // Tests that need no server
        .testTarget(name: "JSONTests", dependencies: ["JSON"], swiftSettings: settings),
        .testTarget(
            name: "DrawTests", dependencies: ["Draw", "JSON", crypto],
            exclude: ["Vectors"], swiftSettings: settings),
        // Asks a site without a network; for tests of every site.
        .target(
            name: "WebTesting",
            dependencies: [
                "Web", hummingbird, hummingbirdCore, httpTypes, nio,
                .product(name: "NIOEmbedded", package: "swift-nio"), logging,
            ],
            path: "Tests/WebTesting", swiftSettings: settings),
        .testTarget(
            name: "WebTests", dependencies: ["Web", "WebTesting", hummingbird, httpTypes], swiftSettings: settings),
        .testTarget(name: "PortalTests", dependencies: ["Portal", "Web", "JSON"], swiftSettings: settings),
        .testTarget(name: "ClusterTests", dependencies: ["Cluster", "JSON", "Kafka", crypto], swiftSettings: settings),
        .testTarget(name: "RegistersTests", dependencies: ["Registers", "Cluster", "JSON"], swiftSettings: settings),
        .testTarget(
            name: "SheetsTests", dependencies: ["Sheets", "JSON"], exclude: ["read.py"], swiftSettings: settings),
        .testTarget(
            name: "TablesTests", dependencies: ["Tables"], exclude: ["Fixtures"], swiftSettings: settings),
        .testTarget(
            name: "PlansTests", dependencies: ["Plans", "Registers", "Cluster", "Draw", "Tables", "JSON"],
            exclude: ["ReadingCases"], swiftSettings: settings),
        .testTarget(name: "RoundsTests", dependencies: ["Rounds", "Cluster", "Draw", "JSON"], swiftSettings: settings),
        .testTarget(
            name: "InspectionsTests", dependencies: ["Inspections", "Registers", "Cluster", "Draw", "JSON"],
            swiftSettings: settings),
        .testTarget(
            name: "NoticesTests", dependencies: ["Notices", "Sheets", "Registers", "Cluster", "JSON", "Plans", "YAML"],
            swiftSettings: settings),
        .testTarget(
            name: "FuzzTests",
            dependencies: [
                "Cluster", "Registers", "Plans", "Rounds", "Inspections", "Draw", "Tables", "JSON", crypto,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ConsoleTests",
            dependencies: [
                "Console", "Cluster", "Registers", "Plans", "Rounds", "Inspections", "Returns", "Notices", "Web",
                "Postgres", "JSON",
            ], swiftSettings: settings),
        .testTarget(
            name: "ReturnsTests", dependencies: ["Returns", "Registers", "Sheets", "JSON"], swiftSettings: settings),
        // Tests against the real servers of scripts/stack
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", logging], swiftSettings: settings),
        .testTarget(name: "KafkaTests", dependencies: ["Kafka", "CRdKafka", logging], swiftSettings: settings),
        .testTarget(
            name: "SystemTests",
            dependencies: [
                "Cluster", "Registers", "Plans", "Rounds", "Inspections", "Notices", "Returns", "Portal", "Console",
                "Web", "WebTesting", "Draw", "JSON", "Postgres", "Kafka", crypto, logging, lifecycle, hummingbird,
            ],
            exclude: ["Privileges.txt"],
            swiftSettings: settings),
    ]
)
